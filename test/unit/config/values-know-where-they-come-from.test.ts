import { expect, test } from '@jest/globals';
import { explain } from '../../../config/effective/explain.js';
import { changedSettings, Studies, type Study, valuesOf } from '../../../config/effective/study.js';
import type { Inspected } from '../../../config/effective/subjects.js';
import type { SettingValue } from '../../../config/effective/values.js';
import { type Files, webConfig, withFiles } from './support.js';

const secret = 'correct-horse-battery';
const main = `include: sites.d/*.yaml
admin:
  listen: 127.0.0.1:9901
  tokens: [{ name: me, hash: "sha256:${'ab'.repeat(32)}" }]
certificateStore: { path: ., password: store-password }
applicationPoolDefaults:
  queueLength: 50
  processModel: { idleTimeout: "00:05:00" }
applicationPools:
  - name: my.shop
    processModel:
      idleTimeout: "00:01:00"
    environmentVariables: { DB_PASSWORD: "\${file:secret.txt}", COLOUR: very-blue }
siteDefaults:
  limits: { maxConnections: 100 }
sites: []
`;
const site = `sites:
  - name: main
    bindings: [{ protocol: http, bindingInformation: "*:8080:" }]
    applications:
      - path: /
        applicationPool: my.shop
        physicalPath: ../app
        hosting: { arguments: "server.js --key \${file:../secret.txt}" }
      - path: /api
        physicalPath: ../api
`;
const ofModule = `<aspNetCore processPath="dotnet"
  stdoutLogEnabled="true" requestTimeout="00:03:00">
<environmentVariables>
<environmentVariable name="TOKEN" value="hush" />
</environmentVariables>
</aspNetCore>
<security><requestFiltering>
<requestLimits maxAllowedContentLength="777" />
</requestFiltering></security>`;

async function withShop(body: (files: Files, shop: Study, inspected: Inspected) => Promise<void>): Promise<void> {
  await withFiles(async (files) => {
    files.write('sluice.yaml', main).write('sites.d/main.yaml', site).write('secret.txt', `${secret}\n`);
    files.write('app/server.js').write('app/web.config', webConfig(ofModule)).write('api/server.js');
    const shop = await studyOf(files);
    if (shop.inspected === null) throw new Error(JSON.stringify(shop.loaded.diagnostics));
    await body(files, shop, shop.inspected);
  });
}

function studyOf(files: Files, candidates?: ReadonlyMap<string, Buffer | null>): Promise<Study> {
  return new Studies(files.path('sluice.yaml'), { environment: {}, uid: 1000 }).look(candidates);
}

function pageOf({ secrets, inspected }: Study, path = '', written = false): readonly SettingValue[] {
  if (inspected === null) throw new Error('not valid');
  return valuesOf(inspected, secrets, { path, written, offset: 0, limit: 100_000 }).values;
}

/** `value from file:line` with the file's name only. */
function told({ value, source }: SettingValue | Pick<SettingValue, 'value' | 'source'>): string {
  const place = source.file === '' ? '' : ` ${source.file.split('/').slice(-2).join('/')}:${source.line}`;
  return `${JSON.stringify(value)} ${source.from}${place}`;
}

test('every value has the place that says it: own entry, defaults, include, web.config, folder', async () => {
  await withShop(async (files, shop) => {
    const name = files.root.split('/').at(-1) ?? '';
    const values = new Map(pageOf(shop).map((one) => [one.path, told(one)]));
    const pool = 'applicationPools["my.shop"]';
    const app = 'sites.main.applications["/"]';
    expect(values.get(`${pool}.processModel.idleTimeout`)).toBe(`"00:01:00" applicationPools ${name}/sluice.yaml:12`);
    expect(values.get(`${pool}.queueLength`)).toBe(`50 applicationPoolDefaults ${name}/sluice.yaml:7`);
    expect(values.get(`${pool}.processModel.pingInterval`)).toBe('"00:00:30" default');
    expect(values.get('applicationPools.DefaultAppPool.queueLength')).toBe(
      `50 applicationPoolDefaults ${name}/sluice.yaml:7`,
    );
    expect(values.get('admin.listen')).toBe(`"127.0.0.1:9901" server ${name}/sluice.yaml:3`);
    expect(values.get('stateDir')).toMatch(/machine$/);
    expect(values.get('sites.main.limits.maxConnections')).toBe(`100 siteDefaults ${name}/sluice.yaml:15`);
    expect(values.get('sites.main.bindings[0].bindingInformation')).toBe('"*:8080:" sites sites.d/main.yaml:3');
    expect(values.get(`${app}.hosting.stdoutLogEnabled`)).toBe('true web.config app/web.config:5');
    expect(values.get(`${app}.hosting.environmentVariables.TOKEN`)).toBe('"***" web.config app/web.config:7');
    expect(values.get(`${app}.hosting.processPath`)).toBe('"dotnet" web.config app/web.config:4');
    const limit = `${app}.security.requestFiltering.requestLimits.maxAllowedContentLength`;
    expect(values.get(limit)).toBe('777 web.config app/web.config:11');
    expect(values.get('sites.main.applications["/api"].hosting.arguments')).toContain('detection');
    expect(pageOf(shop, '', true).every(({ source }) => source.file !== '')).toBe(true);
  });
});

test('no secret, and no value of a variable, is in any answer', async () => {
  await withShop(async (files, shop, inspected) => {
    const changed = await studyOf(
      files,
      new Map([[files.path('sluice.yaml'), Buffer.from(main.replace('very-blue', 'very-red'))]]),
    );
    const app = 'sites.main.applications["/"].hosting';
    const answers = JSON.stringify([
      pageOf(shop),
      changedSettings(shop, changed, 100),
      explain(shop, inspected, `${app}.arguments`),
      explain(shop, inspected, 'admin.tokens[0].hash'),
      explain(shop, inspected, 'certificateStore.password'),
      explain(shop, inspected, 'applicationPools.my.shop.environmentVariables.DB_PASSWORD'),
    ]);
    const told = [secret, 'very-blue', 'very-red', 'hush', 'abab', 'store-password'].filter((hidden) =>
      answers.includes(hidden),
    );
    expect(told).toEqual([]);
    expect(explain(shop, inspected, `${app}.arguments`)).toMatchObject({ value: '***', written: [{ value: '***' }] });
  });
});

test('names may stand without quotes, in any case, or as their place; what is not there is said', async () => {
  await withShop(async (_files, shop, inspected) => {
    const path = 'applicationPools["my.shop"].queueLength';
    for (const written of [
      path,
      'applicationPools.my.shop.queueLength',
      'applicationPools.MY.SHOP.queueLength',
      'applicationPools[0].queueLength',
    ])
      expect(explain(shop, inspected, written).path).toBe(path);
    expect(() => explain(shop, inspected, 'applicationPools.my.shop.queueLenght')).toThrow('no setting');
    expect(() => explain(shop, inspected, 'applicationPools.other.queueLength')).toThrow('no setting');
    expect(() => pageOf(shop, 'sites.main.nothing')).toThrow('no setting');
    for (const broken of ['..', '[', '["', 'sites[', 'a[b]', '"'])
      expect(() => explain(shop, inspected, broken)).toThrow('no setting');
  });
});

test('an explanation tells who would win next, the default, the meaning and what a change does', async () => {
  await withShop(async (_files, shop, inspected) => {
    const idle = explain(shop, inspected, 'applicationPools.my.shop.processModel.idleTimeout');
    expect(idle).toMatchObject({
      kind: 'setting',
      value: '00:01:00',
      default: '00:20:00',
      change: 'reload',
      type: 'time span',
    });
    expect(
      idle.written.map(({ value, ...source }) => told({ value, source })).map((one) => one.split(' ', 2).join(' ')),
    ).toEqual(['"00:01:00" applicationPools', '"00:05:00" applicationPoolDefaults']);
    expect(idle.description).toContain('without requests');
    expect(explain(shop, inspected, 'applicationPools.my.shop.isolation').change).toBe('recycle');
    expect(explain(shop, inspected, 'stateDir').change).toBe('restart');
    const section = explain(shop, inspected, 'applicationPools.my.shop.failure');
    expect(section).toMatchObject({ kind: 'section', value: null });
    expect(section.inside).toContain('applicationPools["my.shop"].failure.rapidFailProtection');
    expect(explain(shop, inspected, 'acme.email')).toMatchObject({ kind: 'setting', value: null });
    const inherited = explain(shop, inspected, 'applicationPoolDefaults.queueLength');
    expect(told(inherited)).toMatch(/^50 applicationPoolDefaults .*:7$/);
  });
});

test('a candidate is compared without being written: changed values, a new file, a file that goes', async () => {
  await withShop(async (files, shop) => {
    const longer = Buffer.from(main.replace('queueLength: 50', 'queueLength: 60'));
    const changed = changedSettings(shop, await studyOf(files, new Map([[files.path('sluice.yaml'), longer]])), 100);
    expect(changed.changes.map(({ path, before, after }) => [path, before?.value, after?.value])).toEqual([
      ['applicationPools["my.shop"].queueLength', 50, 60],
      ['applicationPools.DefaultAppPool.queueLength', 50, 60],
    ]);
    // The same in looks that share what they read.
    const studies = new Studies(files.path('sluice.yaml'), { environment: {}, uid: 1000 });
    const first = await studies.look();
    const second = await studies.look(new Map([[files.path('sluice.yaml'), longer]]));
    expect(changedSettings(first, second, 100)).toEqual(changed);
    expect(changedSettings(second, await studies.look(), 100).total).toBe(2);
    expect(pageOf(second).filter(({ source }) => source.from === 'web.config')).toHaveLength(5);
    const blog = Buffer.from(site.replace('name: main', 'name: blog').replace('8080', '8081'));
    const added = await studyOf(files, new Map([[files.path('sites.d/blog.yaml'), blog]]));
    expect(added.inspected?.config.sites.map(({ name }) => name)).toEqual(['blog', 'main']);
    const gone = await studyOf(files, new Map([[files.path('sites.d/main.yaml'), null]]));
    expect(gone.inspected?.config.sites).toEqual([]);
    const same = await studyOf(files);
    expect(changedSettings(shop, same, 100).total).toBe(0);
    const bad = await studyOf(files, new Map([[files.path('sluice.yaml'), Buffer.from('sites: [')]]));
    expect(bad.inspected).toBeNull();
    expect(bad.loaded.diagnostics[0]).toMatchObject({ severity: 'error', line: expect.any(Number) });
  });
});
