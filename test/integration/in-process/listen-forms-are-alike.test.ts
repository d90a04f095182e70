import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { freePort } from '../../support/free-port.js';
import { cleanEnvironment, HostedApp } from '../../support/hosted-app.js';
import { app } from '../../support/paths.js';
import { until } from '../../support/time.js';

const entry = `${app('in-process')}/listen.cjs`;

interface Outcome {
  readonly said: readonly string[];
  /** Null: still running when everything was said. */
  readonly exit: number | null;
}

/** Forms after which the process goes on, with the last line to wait for. */
const staying: Readonly<Record<string, string>> = {
  port: 'listening',
  'port-callback': 'callback',
  'port-string': 'listening',
  'port-host': 'listening',
  'port-any4': 'listening',
  'port-any6': 'listening',
  'port-loopback6': 'listening',
  'port-localhost': 'callback',
  'port-backlog': 'listening',
  'port-host-backlog': 'callback',
  options: 'listening',
  'options-host': 'callback',
  exclusive: 'listening',
  'ipv6-only': 'listening',
  'path-options': 'listening',
  path: 'callback',
  twice: 'listening',
  again: 'again',
  handle: 'listening',
  'from-express': 'express',
  taken: 'second',
  facts: 'connections',
};

/** Forms after which nothing keeps the process alive. */
const ending = [
  'signal',
  'bad-port',
  'bad-options',
  'not-here',
  'not-found',
  'close-at-once',
  'close-unlistened',
  'close-then-exit',
  'dispose',
  'unref',
  'unref-before',
];

async function outcome(text: () => string, exit: () => number | null | undefined, last?: string): Promise<Outcome> {
  await until(last ?? 'the exit', () => exit() !== undefined || (last !== undefined && text().includes(last)), {
    everyMs: 5,
    state: text,
  });
  return { said: text().split('\n').filter(Boolean), exit: exit() ?? null };
}

async function alone(form: string, port: number): Promise<Outcome> {
  const child = spawn(process.execPath, [entry, form], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...cleanEnvironment(), PORT: String(port) },
  });
  let text = '';
  let exit: number | null | undefined;
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  child.once('close', (code) => {
    exit = code;
  });
  const seen = await outcome(
    () => text,
    () => exit,
    staying[form],
  );
  child.kill('SIGKILL');
  await until('the end', () => exit !== undefined, { everyMs: 5 });
  // A socket that nobody closed keeps its file.
  rmSync(join(tmpdir(), `probe-${child.pid}.sock`), { force: true });
  return seen;
}

async function hosted(form: string, port: number): Promise<Outcome> {
  const one = HostedApp.start({ entry, args: [form], envPort: port });
  try {
    return await outcome(
      () => one.stdout,
      () => (one.exit === null ? undefined : one.exit.code),
      staying[form],
    );
  } finally {
    await one.stop();
  }
}

/** Socket files carry the process id. */
function comparable(seen: Outcome): Outcome {
  return { ...seen, said: seen.said.map((line) => line.replaceAll(/probe-\d+/g, 'probe-N')) };
}

describe('listen() looks as alone', () => {
  test.each(Object.keys(staying))('%s', async (form) => {
    const port = await freePort();
    expect(comparable(await hosted(form, port))).toEqual(comparable(await alone(form, port)));
  });

  test.each(ending)('%s, and the process ends alike', async (form) => {
    const port = await freePort();
    expect(comparable(await hosted(form, port))).toEqual(comparable(await alone(form, port)));
  });
});

test('nothing but the link is bound: the port stays free', async () => {
  const port = await freePort();
  const one = HostedApp.start({ entry, args: ['port'], envPort: port });
  try {
    await one.message('listening');
    expect((await alone('port-callback', port)).said).toContain('callback');
  } finally {
    await one.stop();
  }
});
