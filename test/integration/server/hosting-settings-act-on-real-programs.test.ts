import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { freePort } from '../../support/free-port.js';
import { outOfProcess } from '../../support/hosting.js';
import { canSwitchUsers, app } from '../../support/paths.js';
import { isAlive } from '../../support/processes.js';
import { RawClient, webSocketHandshake } from '../../support/raw-client.js';
import { type Settings, type Sluice, startSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';

let root = '';
let sluice: Sluice;
let fixedPort = '';
const notes = (): string => join(root, 'notes');

/** Fails twice; the third process listens on the port that came by the placeholder. */
const thirdTime = `
const { appendFileSync, readFileSync } = require('node:fs');
const notes = process.argv[2];
appendFileSync(notes, process.env.MY_PORT + '\\n');
if (readFileSync(notes, 'utf8').split('\\n').length <= 3) process.exit(3);
require('node:http').createServer((_, response) => response.end('third')).listen(Number(process.argv[3]));
`;

const stubborn = `
process.on('SIGTERM', () => undefined);
require('node:http').createServer((_, response) => response.end(String(process.pid))).listen(process.env.PORT);
`;

const webConfig = (inside: string): string =>
  `<?xml version="1.0" encoding="utf-8"?>\n<configuration><system.webServer>${inside}</system.webServer></configuration>`;

const handler = (name: string, value: string): string => `<handlerSetting name="${name}" value="${value}" />`;

const files: Readonly<Record<string, string>> = {
  'iis/web.config': webConfig(
    `<aspNetCore processPath="${process.execPath}" arguments=".\\index.js" hostingModel="OutOfProcess"><handlerSettings>` +
      handler('ForwardResponseConnectionHeader', 'true') +
      handler('enableOutOfProcessConsoleRedirection', 'false') +
      `</handlerSettings></aspNetCore><webSocket enabled="false" />`,
  ),
  'third/index.js': thirdTime,
  'stubborn/index.js': stubborn,
};

function folder(name: string): string {
  const path = join(root, name);
  if (!existsSync(path)) cpSync(app('plain'), path, { recursive: true });
  return path;
}

beforeAll(async () => {
  root = tempFolder('app');
  fixedPort = String(await freePort());
  writeFileSync(notes(), '');
  chmodSync(notes(), 0o666);
  const programs: Readonly<Record<string, Settings>> = {
    unix: outOfProcess('index.js', { socket: 'unix' }),
    iis: {},
    third: {},
    many: outOfProcess('index.js', { processesPerApplication: 2 }),
    stubborn: outOfProcess('index.js', { shutdownTimeLimit: 1 }),
    fixed: outOfProcess('index.js', { environmentVariables: { ASPNETCORE_PORT: fixedPort, V: 'one' } }),
    fragile: outOfProcess('index.js', { rapidFailsPerMinute: 1 }),
    late: outOfProcess('index.js', { requestTimeout: '00:00:01' }),
  };
  for (const name of Object.keys(programs)) if (!['third', 'stubborn'].includes(name)) folder(name);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true, mode: 0o755 });
    writeFileSync(join(root, file), text);
  }
  writeFileSync(
    join(root, 'third', 'web.config'),
    webConfig(
      `<httpPlatform processPath="${process.execPath}" arguments="index.js &quot;${notes()}&quot; %HTTP_PLATFORM_PORT%" startupRetryCount="2">` +
        '<environmentVariables><environmentVariable name="MY_PORT" value="%HTTP_PLATFORM_PORT%" /></environmentVariables></httpPlatform>',
    ),
  );
  sluice = await startSluice({
    applicationPools: Object.keys(programs).map((name) => ({ name })),
    applications: Object.entries(programs).map(([name, settings]) => ({
      path: `/${name}`,
      applicationPool: name,
      physicalPath: join(root, name),
      ...settings,
    })),
  });
});

afterAll(async () => {
  removeFolder(root);
  await sluice.stop();
});

async function environment(name: string): Promise<Record<string, string>> {
  return JSON.parse((await sluice.call(`/${name}/environment`)).text) as Record<string, string>;
}

describe('socket: unix', () => {
  test('the program listens on a path of its own, and everything passes there', async () => {
    const { PORT = '', ASPNETCORE_PORT, HTTP_PLATFORM_PORT } = await environment('unix');
    expect(PORT).toMatch(/\/w\/[0-9a-f]{8}\/app\.sock$/);
    expect([ASPNETCORE_PORT, HTTP_PLATFORM_PORT]).toEqual([PORT, PORT]);
    expect(dirname(dirname(PORT))).toBe(join(sluice.folder, 'run', 'w'));
    const body = Buffer.alloc(300_000, 'b');
    const digest = JSON.parse((await sluice.call('/unix/digest', { method: 'POST', body })).text) as { bytes: number };
    expect(digest.bytes).toBe(300_000);
    const seen = JSON.parse((await sluice.call('/unix/request')).text) as { headers: string[] };
    expect(seen.headers.join('\n')).toMatch(/X-Forwarded-For\n127\.0\.0\.1\nX-Forwarded-Proto\nhttp\n/);
    const client = await RawClient.connect(sluice.port);
    client.send(`${webSocketHandshake('/unix/ws')}early`);
    expect(await client.receives('\r\n\r\nearly')).toMatch(/^HTTP\/1\.1 101 /);
    client.close();
  });

  test('the folder is not the program’s any more once it listens', async () => {
    const { PORT = '' } = await environment('unix');
    const owner = canSwitchUsers() ? 0 : process.getuid?.();
    expect(statSync(dirname(PORT)).uid).toBe(owner);
    expect(statSync(dirname(PORT)).mode & 0o777).toBe(canSwitchUsers() ? 0o710 : 0o700);
    expect(statSync(PORT).isSocket()).toBe(true);
    expect(statSync(PORT).mode & 0o007).toBe(0);
  });

  test('a client that leaves is noticed, and after a crash there is a new socket and no trace of the old', async () => {
    const client = await RawClient.connect(sluice.port);
    client.send('GET /unix/hold HTTP/1.1\r\nHost: a\r\n\r\n');
    const state = async (): Promise<{ inFlight: number; aborted: number }> =>
      JSON.parse((await sluice.call('/unix/state')).text) as { inFlight: number; aborted: number };
    await until('the request runs', async () => (await state()).inFlight === 2);
    const { aborted } = await state();
    client.end();
    await until('the app sees the abort', async () => (await state()).aborted === aborted + 1);
    client.close();
    const before = await environment('unix');
    expect((await sluice.call('/unix/crash', { method: 'POST' })).status).toBe(502);
    const after = await until('the next worker answers', async () => {
      const answer = await sluice.call('/unix/environment');
      return answer.status === 200 && (JSON.parse(answer.text) as Record<string, string>);
    });
    expect(after['PORT']).not.toBe(before['PORT']);
    await until('the old folder is gone', () => !existsSync(dirname(before['PORT'] ?? '')));
  });
});

describe('web.config', () => {
  test('webSocket enabled="false": the app is told, and an upgrade is a plain request', async () => {
    expect((await environment('iis'))['ASPNETCORE_IIS_WEBSOCKETS_SUPPORTED']).toBe('false');
    expect((await environment('unix'))['ASPNETCORE_IIS_WEBSOCKETS_SUPPORTED']).toBe('true');
    const client = await RawClient.connect(sluice.port);
    client.send(webSocketHandshake('/iis/request'));
    const answer = await client.receives(/"remote":/);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer.slice(answer.indexOf('\r\n\r\n'))).not.toMatch(/"(?:Upgrade|Connection)"/i);
    client.close();
  });

  test('forwardResponseConnectionHeader: the worker’s close is the client’s', async () => {
    const ask = async (name: string): Promise<string> => {
      const client = await RawClient.connect(sluice.port);
      client.send(`GET /${name}/close HTTP/1.1\r\nHost: a\r\n\r\n`);
      const text = await client.receives('last');
      client.close();
      return text;
    };
    expect(await ask('iis')).toMatch(/^Connection: close\r$/im);
    expect(await ask('unix')).not.toMatch(/^Connection:/im);
  });

  test('enableOutOfProcessConsoleRedirection="false": nothing of the output is read', async () => {
    const pids = await sluice.workerPids('iis');
    expect(pids).toHaveLength(1);
    for (const pid of pids) {
      const { dev, ino } = statSync('/dev/null');
      for (const fd of [1, 2]) expect(statSync(`/proc/${pid}/fd/${fd}`)).toMatchObject({ dev, ino });
    }
  });

  test('httpPlatform: startupRetryCount, and its port by placeholder in arguments and variables', async () => {
    const answer = await sluice.call('/third/', { limitMs: 60_000 });
    expect(answer).toMatchObject({ status: 200, text: 'third' });
    const ports = readFileSync(notes(), 'utf8').trim().split('\n');
    expect(ports).toHaveLength(3);
    for (const port of ports) expect(port).toMatch(/^\d{5}$/);
  });
});

describe('aspNetCore', () => {
  test('processesPerApplication: the second process starts when the first is busy', async () => {
    await sluice.call('/many/');
    expect(await sluice.workerPids('many')).toHaveLength(1);
    const client = await RawClient.connect(sluice.port);
    client.send('GET /many/hold HTTP/1.1\r\nHost: a\r\n\r\n');
    await until('the second runs', async () => {
      await sluice.call('/many/');
      return (await sluice.workerPids('many')).length === 2;
    });
    const seen = new Set<string>();
    await until('requests go to the idle one', async () => seen.add((await sluice.call('/many/pid')).text).size > 0);
    client.close();
    for (let index = 0; index < 20; index += 1) await sluice.call('/many/');
    expect(await sluice.workerPids('many')).toHaveLength(2);
  });

  test('rapidFailsPerMinute: one crash more is 502.5 without another process, until the minute is over', async () => {
    for (const crash of [1, 2]) {
      await until(`it is there for crash ${crash}`, async () => (await sluice.call('/fragile/')).status === 200);
      expect((await sluice.call('/fragile/crash', { method: 'POST' })).status).toBe(502);
    }
    await until('it is refused', async () => (await sluice.pool('fragile')).applications[0]?.state === 'rapid-failed');
    const refused = await sluice.call('/fragile/');
    expect(refused.status).toBe(502);
    expect(refused.text).toContain('502.5');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(await sluice.workerPids('fragile')).toEqual([]);
    expect((await sluice.pool('fragile')).obituaries).toHaveLength(2);
  });

  test('requestTimeout: 504, no end for a WebSocket, and a change holds for the connections that are there', async () => {
    await sluice.call('/late/');
    const socket = await RawClient.connect(sluice.port);
    socket.send(webSocketHandshake('/late/ws'));
    await socket.receives('\r\n\r\n');
    const answer = await sluice.call('/late/hold');
    expect((await sluice.call('/late/hold')).status).toBe(504);
    socket.send('still there');
    await socket.receives('still there');
    socket.close();
    expect(answer.status).toBe(504);
    expect(answer.text).toContain('UpstreamTimeout');
    const [pid] = await sluice.workerPids('late');
    changed('"00:00:01"', '"00:05:00"');
    await until('the new limit holds', async () => (await sluice.call('/late/slow?ms=2500')).status === 200);
    expect(await sluice.workerPids('late')).toEqual([pid]);
  });

  test('shutdownTimeLimit: a process that does not stop is killed then', async () => {
    const old = Number((await sluice.call('/stubborn/')).text);
    changed('"shutdownTimeLimit": 1', '"shutdownTimeLimit": 1, "environmentVariables": { "V": "two" }');
    await until('the next one answers', async () => Number((await sluice.call('/stubborn/')).text) !== old);
    await until('the old one is gone', () => !isAlive(old));
    const obituary = await until('its end is told', async () =>
      (await sluice.pool('stubborn')).obituaries.find((one) => one.pid === old),
    );
    expect(obituary.reason).toBe('shutdown-timeout');
  });

  test('a fixed port: a change waits until it is free, and no request is lost', async () => {
    expect(await environment('fixed')).toMatchObject({ PORT: fixedPort, V: 'one' });
    changed('"V": "one"', '"V": "three"');
    const after = await until('the new value is there', async () => {
      const variables = await environment('fixed');
      return variables['V'] === 'three' && variables;
    });
    expect(after['PORT']).toBe(fixedPort);
  });
});

function changed(from: string, to: string): void {
  const text = readFileSync(sluice.file, 'utf8');
  expect(text).toContain(from);
  writeFileSync(sluice.file, text.replace(from, to));
  sluice.program.child.kill('SIGHUP');
}
