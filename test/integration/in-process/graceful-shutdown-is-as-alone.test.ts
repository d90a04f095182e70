import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { freePort } from '../../support/free-port.js';
import { cleanEnvironment, HostedApp } from '../../support/hosted-app.js';
import { LinkFront } from '../../support/link-front.js';
import { appsWithPackages } from '../../support/more-frameworks.js';
import { testNeeding } from '../../support/needs.js';
import { startProgram } from '../../support/program.js';
import { RawClient } from '../../support/raw-client.js';
import { removeFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';

interface Ending {
  /** What the client got whose request was being answered; without the date. */
  readonly answer: string;
  readonly output: readonly string[];
  readonly exit: { readonly code: number | null; readonly signal: string | null };
}

interface Running {
  readonly port: number;
  readonly pid: number;
  readonly output: () => string;
  readonly exited: () => Promise<Ending['exit']>;
}

let root = '';

beforeAll(() => {
  root = appsWithPackages();
});

afterAll(() => removeFolder(root));

function withoutDate(answer: string): string {
  return answer.replace(/Date: [^\r]*\r\n/, '');
}

/** SIGTERM while one client is idle and another waits for its answer. */
async function ending(app: Running): Promise<Ending> {
  await until('the app listens', () => app.output().includes('listening'), { state: app.output });
  const idle = await RawClient.connect(app.port);
  idle.send('GET /quick HTTP/1.1\r\nHost: app.test\r\n\r\n');
  await idle.receives('quick');
  const slow = await RawClient.connect(app.port);
  slow.send('GET /slow HTTP/1.1\r\nHost: app.test\r\n\r\n');
  await until('the slow request is there', () => app.output().includes('slow asked'), { state: app.output });
  process.kill(app.pid, 'SIGTERM');
  const exit = await app.exited();
  // Hosted, the client's connection is the listener's and outlives the worker: the answer is what counts.
  await until('the answer or the end', () => slow.ended || slow.text().endsWith('slow'), { state: () => slow.text() });
  const answer = withoutDate(slow.text());
  idle.close();
  slow.close();
  return { answer, output: app.output().split('\n').filter(Boolean), exit };
}

async function alone(library: string): Promise<Ending> {
  const port = await freePort();
  const program = startProgram(process.execPath, ['app.js', library], {
    cwd: join(root, 'shutdown'),
    env: { ...cleanEnvironment(), PORT: String(port) },
  });
  try {
    return await ending({ port, pid: program.pid, output: () => program.output(), exited: () => program.exited });
  } finally {
    await program.stop('SIGKILL');
  }
}

async function hosted(library: string): Promise<Ending> {
  const app = HostedApp.start({ entry: join(root, 'shutdown', 'app.js'), args: [library] });
  let front: LinkFront | null = null;
  try {
    await app.message('listening');
    front = new LinkFront(app.socketPath);
    return await ending({
      port: await front.listen(),
      pid: app.child.pid ?? 0,
      output: () => app.stdout + app.stderr,
      exited: () => app.exited(),
    });
  } finally {
    await front?.close();
    await app.stop();
  }
}

const packaged = ['http-terminator', 'stoppable', 'terminus', 'close-with-grace'];
const plain = ['server.close', 'closeAllConnections', 'none'];

async function isAsAlone(library: string): Promise<void> {
  const expected = await alone(library);
  expect(expected.output).toContain('slow asked');
  expect(await hosted(library)).toEqual(expected);
}

describe('a SIGTERM with a request in flight: answer, order of events and exit are those of the app alone', () => {
  test.each(plain)('%s', isAsAlone);
  for (const library of packaged) testNeeding('more-frameworks')(library, () => isAsAlone(library));
});
