/** Workers that ignore SIGTERM and leave children in sessions of their own: all of it is gone soon after the limit. */
import { reasonToSkip } from '../../../support/missing.js';
import { canSwitchUsers } from '../../../support/paths.js';
import { monotonicMs, until } from '../../../support/time.js';
import { type Experiment, type Outcome, type Row, violations } from '../../experiment.js';
import { bothPools, MortalServer } from './mortal-server.js';

const source = `
process.on('SIGTERM', () => undefined);
const { spawn } = require('node:child_process');
spawn('setsid', ['sh', '-c', 'trap "" TERM HUP; (setsid sleep 1000 &) ; sleep 1000'], { detached: true, stdio: 'ignore' }).unref();
require('node:http').createServer((request, response) => response.end('edition ' + process.env.EDITION)).listen(process.env.PORT);
`;

const limitMs = 3_000;
const hosting = { shutdownTimeLimit: 3 };
/** Worker, its child and grandchild, of both pools. */
const processesMin = 6;

type End = 'pool stop' | 'recycle' | 'SIGTERM of the server';

/** Of the processes that were there before. @returns ms until the last is gone. */
async function goneAfter(server: MortalServer, end: End): Promise<number> {
  const old = new Set(server.appProcesses());
  const startedMs = monotonicMs();
  if (end === 'SIGTERM of the server') server.life.program.child.kill('SIGTERM');
  else for (const pool of bothPools) server.order(end === 'recycle' ? 'recycle' : 'stop', pool);
  await until('nothing of the old workers is left', () => !server.appProcesses().some((one) => old.has(one)), {
    everyMs: 10,
    withinMs: 60_000,
    state: () => server.appProcesses().join('\n'),
  });
  return monotonicMs() - startedMs;
}

async function atLevel(
  isolation: 'user' | 'process',
  ends: readonly End[],
): Promise<Row & { readonly worstMs: number }> {
  const server = new MortalServer({ source, hosting, pool: { isolation }, server: { shutdownTimeLimit: '00:00:05' } });
  const took: string[] = [];
  let worstMs = 0;
  try {
    await server.start();
    for (const end of ends) {
      if (end === 'recycle') await server.serves();
      else {
        for (const pool of bothPools) server.order('start', pool);
        await server.serves();
      }
      await until('the children run', () => server.appProcesses().length >= processesMin, { withinMs: 60_000 });
      const ms = await goneAfter(server, end);
      took.push(`${end} ${Math.round(ms)} ms`);
      worstMs = Math.max(worstMs, ms);
    }
    if (ends.at(-1) !== 'SIGTERM of the server') server.life.program.child.kill('SIGTERM');
    const exit = await server.life.program.exited;
    await server.whenNothingIsLeft();
    return {
      name: `isolation ${isolation}`,
      measured: took.join(', '),
      broken: violations({ [`the server ended with ${exit.code ?? exit.signal}`]: exit.code === 0 }),
      worstMs,
    };
  } finally {
    await server.kill();
  }
}

async function run(scale: number): Promise<Outcome> {
  const levels = canSwitchUsers() ? (['user', 'process'] as const) : (['process'] as const);
  // Without users of their own and without control groups there is nothing to hold such processes by.
  const able = levels.filter((level) => level === 'user' || reasonToSkip(['control groups']) === null);
  const ends: readonly End[] = ['recycle', 'pool stop', 'SIGTERM of the server'];
  if (able.length === 0) return { measured: 'needs users or control groups', broken: [], missed: [] };
  const rows: (Row & { readonly worstMs: number })[] = [];
  for (const level of scale < 1 ? able.slice(0, 1) : able)
    rows.push(await atLevel(level, scale < 1 ? ends.slice(1) : ends));
  const worstMs = Math.max(...rows.map((row) => row.worstMs));
  return {
    measured: rows.map(({ name, measured }) => `${name}: ${measured}`).join('; '),
    broken: rows.flatMap(({ name, broken }) => broken.map((one) => `${name}: ${one}`)),
    missed: violations({
      [`${Math.round(worstMs)} ms, not within the limit of ${limitMs} ms and a second`]: worstMs <= limitMs + 1_000,
    }),
    rows,
  };
}

export const stubbornWorkers: Experiment = {
  name: 'stubborn-workers',
  promise:
    'workers that ignore SIGTERM and leave grandchildren in sessions of their own: nothing of the pool is left within the shutdown limit and 1 s',
  run,
};
