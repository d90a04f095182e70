import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { type Need, reasonToSkip, testNeeding } from '../../support/needs.js';
import { run } from '../../support/program.js';
import { type Settings, type Sluice, startSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';
import { type PlatformProgram, platformFolder } from './web-config.js';
import { echoOverWebSocket } from './websocket-echo.js';

/** As root the folder of the socket is sealed once it listens: a program that wants to remove it cannot, and says so by code 1. */
const withSocket = 'exit code';

interface Hosted extends PlatformProgram {
  readonly name: string;
  readonly needs: readonly Need[];
  /** Folder below test/apps/programs. */
  readonly source: string;
  readonly build?: readonly [command: string, ...args: string[]];
  readonly hasWebSocket?: true;
  /** What sluice.yaml adds to the web.config. */
  readonly hosting?: Settings;
  /** How it ends when it is asked to; most programs catch SIGTERM. */
  readonly end: 'exit code 0' | 'SIGTERM' | typeof withSocket;
}

const port = '%HTTP_PLATFORM_PORT%';

const programs: readonly Hosted[] = [
  {
    name: 'gunicorn',
    needs: ['gunicorn'],
    source: 'wsgi',
    processPath: 'gunicorn',
    arguments: `--bind 127.0.0.1:${port} --threads 4 app:application`,
    end: 'exit code 0',
  },
  {
    name: 'waitress',
    needs: ['python3', 'waitress-serve'],
    source: 'wsgi',
    processPath: 'python3',
    arguments: `-m waitress --listen=127.0.0.1:${port} app:application`,
    end: 'SIGTERM',
  },
  {
    name: 'uvicorn',
    needs: ['uvicorn'],
    source: 'asgi',
    processPath: 'uvicorn',
    arguments: `--host 127.0.0.1 --port ${port} app:application`,
    hasWebSocket: true,
    end: 'exit code 0',
  },
  {
    name: 'gunicorn-unix',
    needs: ['gunicorn'],
    source: 'wsgi',
    processPath: 'gunicorn',
    arguments: `--bind unix:${port} --threads 4 app:application`,
    hosting: { socket: 'unix' },
    end: withSocket,
  },
  {
    name: 'uvicorn-unix',
    needs: ['uvicorn'],
    source: 'asgi',
    processPath: 'uvicorn',
    arguments: `--uds ${port} app:application`,
    hosting: { socket: 'unix' },
    hasWebSocket: true,
    end: withSocket,
  },
  {
    name: 'php',
    needs: ['php'],
    source: 'php',
    processPath: 'php',
    arguments: `-S 127.0.0.1:${port} index.php`,
    variables: { PHP_CLI_SERVER_WORKERS: '4' },
    end: 'SIGTERM',
  },
  {
    name: 'static-c',
    needs: ['gcc'],
    source: 'static-c',
    build: ['gcc', '-O1', '-static', '-o', 'server', 'server.c'],
    processPath: '.\\server',
    arguments: '',
    end: 'SIGTERM',
  },
  {
    name: 'static-go',
    needs: ['go'],
    source: 'static-go',
    build: ['go', 'build', '-o', 'server', 'main.go'],
    processPath: '.\\server',
    arguments: '',
    hasWebSocket: true,
    end: 'exit code 0',
  },
];

const present = programs.filter((program) => reasonToSkip(program.needs) === null);

/** An answer whose body comes in pieces. */
function open(sluicePort: number, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: sluicePort, path, agent: false }, resolve).once('error', reject).end();
  });
}

describe('hosted by httpPlatform', () => {
  let sluice: Sluice;
  let folder: string;

  beforeAll(async () => {
    folder = tempFolder('programs');
    const applications = [];
    for (const program of present) {
      const physicalPath = platformFolder(folder, program.name, program.source, program);
      if (program.build !== undefined) {
        const [command, ...args] = program.build;
        const env = { ...process.env, CGO_ENABLED: '0', GOCACHE: join(folder, 'go'), GO111MODULE: 'off', GOFLAGS: '' };
        const built = await run(command, args, { cwd: physicalPath, env, limitMs: 300_000 });
        expect(built).toMatchObject({ code: 0, output: '' });
      }
      const { name, hosting = {} } = program;
      applications.push({ path: `/${name}`, applicationPool: name, physicalPath, hosting });
    }
    sluice = await startSluice({
      applicationPools: present.map(({ name }) => ({ name })),
      applications,
    });
  }, 400_000);

  afterAll(async () => {
    await sluice.stop();
    removeFolder(folder);
  }, 120_000);

  describe.each(programs)('$name', ({ name, needs, hasWebSocket }) => {
    const here = testNeeding(...needs);

    here('gets the request with path, client and scheme', async () => {
      const answer = await sluice.call(`/${name}/who?q=%41`);
      expect(answer.status).toBe(200);
      const [pid, path, client, scheme] = answer.text.split('\n');
      expect(pid).toMatch(/^pid \d+$/);
      expect(path).toMatch(new RegExp(`^path /${name}/who\\?q=(%41|A)$`));
      expect(client).toBe('client 127.0.0.1');
      expect(scheme).toBe('scheme http');
    });

    here('gets an upload whole', async () => {
      const body = randomBytes(3_000_000);
      const headers = { 'content-type': 'application/octet-stream', 'content-length': body.length };
      const answer = await sluice.call(`/${name}/echo`, { method: 'POST', body, headers });
      expect(answer.headers['content-type']).toBe('application/octet-stream');
      const sum = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
      expect([answer.body.length, sum(answer.body)]).toEqual([body.length, sum(body)]);
    });

    here('sends the parts of an answer as it has them', async () => {
      const answer = await open(sluice.port, `/${name}/stream`);
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => (text += part));
      // The program sends the second part only when the second request came.
      await until('the first part arrives', () => text === 'one\n', { state: () => JSON.stringify(text) });
      expect((await sluice.call(`/${name}/release`)).text).toBe('released');
      await until('the whole answer arrives', () => answer.complete && text === 'one\ntwo\n');
      expect(text).toBe('one\ntwo\n');
    });

    here('is started again after a crash', async () => {
      const [pid = 0] = await sluice.workerPids(name);
      expect(pid).toBeGreaterThan(0);
      process.kill(pid, 'SIGKILL');
      await until('the crash is noticed', async () => !(await sluice.workerPids(name)).includes(pid));
      expect((await sluice.call(`/${name}/who`, { limitMs: 60_000 })).status).toBe(200);
      const [next = 0] = await sluice.workerPids(name);
      expect([0, pid]).not.toContain(next);
    });

    if (hasWebSocket) {
      here('speaks WebSocket', async () => {
        expect(await echoOverWebSocket(sluice.port, `/${name}/ws`, 'hello')).toBe('hello');
      });
    }
  });

  // Last, because it stops them all.
  test('every program ends when it is asked to, within its limit', async () => {
    expect(await sluice.program.stop('SIGTERM', 60_000)).toMatchObject({ code: 0 });
    const log = readFileSync(join(sluice.folder, 'log', 'sluice.log'), 'utf8');
    const ended = log
      .split('\n')
      .filter((line) => line.includes('"worker-ended"'))
      .map((line) => JSON.parse(line) as { pool: string; how: string });
    const ends = Object.fromEntries(ended.map(({ pool, how }) => [pool, how]));
    expect(ends).toEqual(Object.fromEntries(present.map(({ name, end }) => [name, expect.stringContaining(end)])));
  }, 120_000);
});
