/** Logs that cannot be written, each in its own way: requests are served all the same, and the logs go on. */
import { existsSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../../support/find-program.js';
import { sluiceMain } from '../../../support/paths.js';
import { residentBytes } from '../../../support/processes.js';
import { run, startProgram } from '../../../support/program.js';
import { type Sluice, withSluice } from '../../../support/sluice.js';
import { pause, until } from '../../../support/time.js';
import { type Experiment, type Outcome, scaled, violations } from '../../experiment.js';
import { listenerPids } from '../kill-listeners.js';
import { quietLoad, windowOf } from './quiet-tenant.js';
import { quietHost, twoTenants } from './two-tenants.js';

type Fault = (sluice: Sluice, seconds: number) => Promise<string>;

const accessLog = (sluice: Sluice): string => join(sluice.folder, 'log', 'access', 'access.log');

async function logged(sluice: Sluice, path: string): Promise<void> {
  await until(`${path} is in the log`, async () => {
    await sluice.call(path, { host: quietHost });
    const file = accessLog(sluice);
    return existsSync(file) && readFileSync(file, 'latin1').includes(path);
  });
}

const removed: Fault = async (sluice, seconds) => {
  await logged(sluice, '/n/before');
  rmSync(join(sluice.folder, 'log'), { recursive: true });
  await pause(seconds * 1_000);
  await logged(sluice, '/n/removed');
  await until('the server log goes on', () => existsSync(join(sluice.folder, 'log', 'sluice.log')));
  return 'folder removed: it is made again and the logs go on';
};

/** Each write to the access log takes so long. */
const slowWriteMs = 500;

const slow: Fault = async (sluice, seconds) => {
  const pids = listenerPids(sluice).flatMap((pid) => ['-p', String(pid)]);
  const inject = [
    '-e',
    'trace=write,writev,pwrite64',
    '-e',
    `inject=write,writev,pwrite64:delay_enter=${slowWriteMs * 1_000}`,
  ];
  const strace = startProgram('strace', ['-f', '-qq', '-o', '/dev/null', '-P', accessLog(sluice), ...inject, ...pids]);
  await pause(seconds * 1_000);
  await strace.stop('SIGINT');
  await logged(sluice, '/n/slow');
  return `each write takes ${slowWriteMs} ms: the log follows`;
};

/** Every write ends with ENOSPC. */
const full: Fault = async (sluice, seconds) => {
  await logged(sluice, '/n/roomy');
  const file = accessLog(sluice);
  const said = (event: string): boolean =>
    readFileSync(join(sluice.folder, 'log', 'sluice.log'), 'latin1').includes(`"event":"${event}"`);
  const reopen = async (): Promise<void> => {
    await run(process.execPath, [sluiceMain, 'logs', 'reopen', sluice.file]);
  };
  renameSync(file, `${file}.before`);
  symlinkSync('/dev/full', file);
  await reopen();
  await pause(seconds * 1_000);
  await until('the server log says it', () => said('access-log-not-written'));
  rmSync(file);
  await reopen();
  await logged(sluice, '/n/full');
  await until('the server log says that it goes on', () => said('access-log-written-again'));
  return 'disk full: the server log says it, and that it goes on';
};

const deadReader: Fault = async (sluice, seconds) => {
  // The reader of the terminal's pipe left after the first byte; a reload has something to say there.
  process.kill(sluice.pid, 'SIGHUP');
  await pause(seconds * 1_000);
  await logged(sluice, '/n/unread');
  return 'the reader of standard output is dead: nothing else notices';
};

async function one(sluice: Sluice, fault: Fault, seconds: number): Promise<Outcome> {
  const rss = (): number => listenerPids(sluice).reduce((sum, pid) => sum + residentBytes(pid), 0) / 2 ** 20;
  const load = quietLoad(sluice, 200);
  await pause(500);
  const before = rss();
  const said = await fault(sluice, seconds);
  const { failed, p99Ms, words } = windowOf(await load.stop());
  const grown = Math.round(rss() - before);
  return {
    measured: `${said}; ${failed} lost, p99 ${p99Ms.toFixed(0)} ms, listeners ${grown} MB larger`,
    broken: violations({ [`${said}: ${words}`]: failed === 0 }),
    missed: violations({ [`${said}: listeners grew by ${grown} MB`]: grown < 20 }),
  };
}

async function runAll(seconds: number): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  const through = ['/bin/bash', '-c', 'exec "$@" > >(head -c 1 > /dev/null) 2>&1', 'bash'] as const;
  const faults = [deadReader, full, removed, ...(findProgram('strace') === null ? [] : [slow])];
  await withSluice({ ...twoTenants(), through }, async (sluice) => {
    await sluice.call('/', { host: quietHost });
    for (const fault of faults) outcomes.push(await one(sluice, fault, seconds));
  });
  return {
    measured: outcomes.map(({ measured }) => measured).join('; '),
    broken: outcomes.flatMap(({ broken }) => broken),
    missed: outcomes.flatMap(({ missed }) => missed),
  };
}

export const logFaults: Experiment = {
  name: 'log-faults',
  promise:
    'the folder of the logs is removed, their disk is full or slow, the reader of the output is dead: 0 requests lost, the logs go on',
  run: (scale) => runAll(scaled(20, scale, 2)),
};
