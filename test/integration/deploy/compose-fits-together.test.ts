import { expect, test } from '@jest/globals';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { loadConfig } from '../../../config/compile/compile.js';
import { freePort } from '../../support/free-port.js';
import { call } from '../../support/http-client.js';
import { testNeeding } from '../../support/needs.js';
import { app, repository } from '../../support/paths.js';
import { run, startProgram } from '../../support/program.js';
import { withSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';

const folder = join(repository, 'deploy', 'compose');

interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string; readonly target: string };
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>;
  readonly stop_grace_period?: string;
  readonly hostname?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}
interface Prometheus {
  readonly scrape_configs: readonly { readonly static_configs: readonly { readonly targets: readonly string[] }[] }[];
}

const text = (name: string): string => readFileSync(join(folder, name), 'utf8');
const files = ['compose.yaml', 'compose.root.yaml'].map((name) => parse(text(name)) as Compose);
const [main, root] = files as [Compose, Compose];
const dockerfile = readFileSync(join(repository, 'deploy', 'docker', 'Dockerfile'), 'utf8');

/** What compose itself refuses: the words of the compose specification that these files use. */
const known = new Set(
  (
    'image build hostname restart read_only cap_drop cap_add security_opt tmpfs volumes ports ulimits ' +
    'stop_grace_period depends_on command environment user cgroup'
  ).split(' '),
);

test('the files use words of the compose specification and name what exists', () => {
  for (const { services, volumes } of files) {
    const named = { ...main.volumes, ...volumes };
    for (const [name, service] of Object.entries(services)) {
      expect([name, Object.keys(service).filter((word) => !known.has(word))]).toEqual([name, []]);
      const sources = (service.volumes ?? []).map((one) => one.split(':')[0] ?? '');
      const missing = sources.filter((source) =>
        source.startsWith('.') ? !existsSync(join(folder, source)) : !(source in named),
      );
      expect([name, missing]).toEqual([name, []]);
      const others = service.depends_on ?? [];
      for (const other of Array.isArray(others) ? others : Object.keys(others))
        expect(main.services).toHaveProperty(other);
      expect(service.image === undefined || /\$\{\w+:-[\w./-]+:[\w.-]+\}/.test(service.image)).toBe(true);
    }
  }
  const build = main.services['sluice']?.build;
  expect(existsSync(join(folder, build?.context ?? '', build?.dockerfile ?? ''))).toBe(true);
  expect(dockerfile).toContain(`AS ${build?.target}\n`);
});

test('the root variant lies over a service that has nothing, and adds only what it says', () => {
  expect(Object.keys(root.services)).toEqual(['sluice']);
  expect(main.services['sluice']).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
  expect(root.services['sluice']?.cap_add?.toSorted()).toEqual([
    'CHOWN',
    'DAC_OVERRIDE',
    'FOWNER',
    'KILL',
    'SETGID',
    'SETUID',
  ]);
});

test('the configuration is one that Sluice takes, on the port that is mapped, and stops in the time it gets', async () => {
  const place = tempFolder('compose');
  try {
    const file = join(place, 'sluice.yaml');
    writeFileSync(file, text('config/sluice.yaml').replaceAll('/opt/sluice/examples', join(repository, 'examples')));
    const { config, diagnostics } = await loadConfig(file, { environment: {} });
    // Prometheus asks from another container.
    expect(diagnostics.map(({ code }) => code)).toEqual(['admin-without-tls']);
    expect(text('config/sluice.yaml')).toContain(`*:${main.services['sluice']?.ports?.[0]?.split(':')[1]}:`);
    const grace = Number.parseInt(main.services['sluice']?.stop_grace_period ?? '', 10);
    expect(grace * 1_000).toBeGreaterThan(config?.server.shutdownTimeLimitMs ?? Number.POSITIVE_INFINITY);
  } finally {
    removeFolder(place);
  }
});

test('Grafana is told of the data source and of the folder that is mounted for it', () => {
  const read = (file: string): unknown =>
    parse(readFileSync(join(folder, '..', 'grafana', 'provisioning', file), 'utf8'));
  const { datasources } = read('datasources/prometheus.yml') as { datasources: readonly { url: string }[] };
  for (const { url } of datasources) expect(main.services).toHaveProperty(new URL(url).hostname);
  const { providers } = read('dashboards/sluice.yml') as { providers: readonly { options: { path: string } }[] };
  const mounted = (main.services['grafana']?.volumes ?? []).map((one) => one.split(':')[1]);
  for (const { options } of providers) expect(mounted).toContain(options.path);
});

testNeeding('prometheus', 'promtool')(
  'a real Prometheus takes the file and scrapes a real Sluice with it',
  async () => {
    const own = join(repository, 'deploy', 'prometheus');
    expect(main.services['prometheus']?.volumes).toContain('../prometheus:/etc/prometheus:ro');
    const settings = parse(readFileSync(join(own, 'prometheus.yml'), 'utf8')) as Prometheus;
    const targets = settings.scrape_configs.flatMap((one) => one.static_configs.flatMap((each) => each.targets));
    expect(targets).toEqual([`${main.services['sluice']?.hostname}:9900`]);
    const place = tempFolder('prometheus');
    const pools = { applicationPools: [{ name: 'shop' }] };
    const applications = [{ path: '/', applicationPool: 'shop', physicalPath: app('plain') }];
    try {
      await withSluice({ ...pools, applications }, async (sluice) => {
        const file = join(place, 'prometheus.yml');
        cpSync(own, place, { recursive: true });
        const here = readFileSync(file, 'utf8')
          .replaceAll('sluice:9900', `127.0.0.1:${sluice.adminPort}`)
          .replaceAll(/_interval: \d+s/g, '_interval: 1s');
        writeFileSync(file, here);
        expect(await run('promtool', ['check', 'config', file])).toMatchObject({ code: 0 });
        await sluice.call('/');
        mkdirSync(join(place, 'data'));
        const port = await freePort();
        const storage = [`--storage.tsdb.path=${join(place, 'data')}`, `--web.listen-address=127.0.0.1:${port}`];
        const prometheus = startProgram('prometheus', [`--config.file=${file}`, ...storage]);
        try {
          const query = encodeURIComponent('sluice_http_requests_total{pool="shop",job="sluice"}');
          const seen = async (): Promise<boolean> => {
            const answer = await call(port, `/api/v1/query?query=${query}`).catch(() => null);
            return answer?.status === 200 && answer.text.includes('"pool":"shop"');
          };
          await until('Prometheus has the request', seen, { withinMs: 60_000, state: () => prometheus.output() });
        } finally {
          await prometheus.stop();
        }
      });
    } finally {
      removeFolder(place);
    }
  },
  180_000,
);
