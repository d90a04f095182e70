/**
 * The first request to a stopped pool, beside the app alone: `node app.js` from spawn to its first answer, and
 * what the app itself does between Node's start and its first answer (its import time).
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import module from 'node:module';
import { accepts } from '../../support/accepts.js';
import { join } from 'node:path';
import { median } from '../../bench/measure.js';
import { freePort } from '../../support/free-port.js';
import { call } from '../../support/http-client.js';
import { nodes } from '../../support/nodes.js';
import { app } from '../../support/paths.js';
import { startProgram } from '../../support/program.js';
import { type Settings, type Sluice, withSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { monotonicMs, until } from '../../support/time.js';
import { type Experiment, type Outcome, type Row, scaled, violations } from '../experiment.js';

const subjects = ['plain', join('frameworks', 'express'), join('frameworks', 'fastify')];
const spareAllowanceMs = 15;
const startAllowanceMs = 30;

/** Written by the app's process: when its main script began, on the clock that all processes share. */
const stampVariable = 'COLD_START_STAMP';
const stamp = `
const { writeFileSync } = require('node:fs');
if (process.env.${stampVariable}) writeFileSync(process.env.${stampVariable}, String(process.hrtime.bigint() / 1000n));
`;

interface Alone {
  readonly firstAnswerMs: number;
  /** From the app's first line to its first answer. */
  readonly importMs: number;
}

/** The clock of `process.hrtime`, which does not begin anew with each process. */
function sharedClockMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

/** Asks without a pause until somebody listens: what a client sees of a start. */
async function firstAnswer(port: number): Promise<void> {
  await until('it accepts', () => accepts(port), { everyMs: 1 });
  const answer = await call(port, '/');
  if (answer.status !== 200) throw new Error(`status ${answer.status}`);
}

async function alone(node: string, subject: string, folder: string): Promise<Alone> {
  const port = await freePort();
  const preload = join(folder, 'stamp.cjs');
  const file = join(folder, 'stamp.txt');
  writeFileSync(preload, stamp);
  const env = { ...process.env, PORT: String(port), [stampVariable]: file };
  const startedMs = sharedClockMs();
  // The same number of preloads as hosted: reading one more file is not the app's time.
  const program = startProgram(node, ['--require', preload, '.'], { cwd: app(subject), env });
  await firstAnswer(port);
  const answeredMs = sharedClockMs();
  await program.stop();
  return {
    firstAnswerMs: answeredMs - startedMs,
    importMs: answeredMs - Number(readFileSync(file, 'utf8')) / 1_000,
  };
}

/** Node keeps what it has compiled of an application once a worker of it has a quiet moment. */
async function cacheIsKept(sluice: Sluice, pool: string): Promise<void> {
  const folder = join(sluice.folder, 'state', 'pools');
  const kept = (): number =>
    readdirSync(folder, { recursive: true }).filter((path) => String(path).startsWith(pool) && isCached(String(path)))
      .length;
  await until('compiled code is kept', () => kept() > 0);
}

function isCached(path: string): boolean {
  return /compile-cache\/[^/]+\/./.test(path);
}

/** The first request to a pool without a worker; `then` the worker is ended. */
async function cold(sluice: Sluice, pool: string, then: () => Promise<void>): Promise<number> {
  const startedMs = monotonicMs();
  const answer = await sluice.call(`/${pool}/`, { limitMs: 60_000 });
  const took = monotonicMs() - startedMs;
  if (answer.status >= 500) throw new Error(`status ${answer.status}`);
  await then();
  for (const pid of await sluice.workerPids(pool)) process.kill(pid, 'SIGTERM');
  await until('the worker is gone', async () => (await sluice.pool(pool)).workers.length === 0);
  return took;
}

/** A spare host waits, and nothing else of the server is busy with the round before. */
async function spareWaits(sluice: Sluice): Promise<void> {
  await until('the spare host waits', async () => {
    const { applications } = await sluice.pool('spare');
    return applications[0]?.spare === 'waiting';
  });
}

async function measure(node: string, subject: string, rounds: number): Promise<Row> {
  const folder = tempFolder('cold');
  const figures = { first: [] as number[], imports: [] as number[], spare: [] as number[], start: [] as number[] };
  const pool = (name: string, spareHost: boolean): Settings => ({
    name,
    nodePath: node,
    failure: { rapidFailProtection: false },
    processModel: { spareHost },
  });
  try {
    const options = {
      applicationPools: [pool('spare', true), pool('start', false)],
      applications: ['spare', 'start'].map((name) => ({
        path: `/${name}`,
        applicationPool: name,
        physicalPath: app(subject),
      })),
    };
    await withSluice(options, async (sluice) => {
      // The first round fills caches, the kernel's and Node's; before 22.8 Node has none.
      const fill = (name: string) => async (): Promise<void> =>
        hasCache(node) ? cacheIsKept(sluice, name) : undefined;
      const go = async (): Promise<void> => undefined;
      for (let round = 0; round <= rounds; round += 1) {
        const one = await alone(node, subject, folder);
        await spareWaits(sluice);
        const spare = await cold(sluice, 'spare', round === 0 ? fill('spare') : go);
        await spareWaits(sluice);
        const start = await cold(sluice, 'start', round === 0 ? fill('start') : go);
        if (round === 0) continue;
        figures.first.push(one.firstAnswerMs);
        figures.imports.push(one.importMs);
        figures.spare.push(spare);
        figures.start.push(start);
      }
    });
  } finally {
    removeFolder(folder);
  }
  return judged(subject, node, figures);
}

function hasCache(node: string): boolean {
  const version = /node(\d+)\//.exec(node)?.[1];
  return version === undefined ? 'enableCompileCache' in module : Number(version) >= 22;
}

interface Figures {
  readonly first: readonly number[];
  readonly imports: readonly number[];
  readonly spare: readonly number[];
  readonly start: readonly number[];
}

function judged(subject: string, node: string, { first, imports, spare, start }: Figures): Row {
  const added = { spare: median(spare) - median(imports), start: median(start) - median(first) };
  const version = /node(\d+)\//.exec(node)?.[1] ?? process.versions.node.split('.')[0] ?? '';
  const words = (values: readonly number[]): string => median(values).toFixed(0);
  return {
    name: `${subject} on Node ${version}`,
    measured: `alone ${words(first)} ms (import ${words(imports)}); first request with a spare host ${words(spare)} ms (import ${signed(added.spare)}), without ${words(start)} ms (alone ${signed(added.start)})`,
    broken: violations({
      [`with a spare host: import time + ${added.spare.toFixed(0)} ms`]: added.spare <= spareAllowanceMs,
      [`without: alone + ${added.start.toFixed(0)} ms`]: added.start <= startAllowanceMs,
    }),
  };
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'} ${Math.abs(value).toFixed(0)} ms`;
}

async function run(rounds: number): Promise<Outcome> {
  const rows: Row[] = [];
  for (const node of nodes()) for (const subject of subjects) rows.push(await measure(node, subject, rounds));
  return {
    measured: rows.map(({ name, measured }) => `${name}: ${measured}`).join('; '),
    broken: [],
    missed: rows.flatMap(({ name, broken }) => broken.map((fact) => `${name}: ${fact}`)),
    rows: rows.map((row) => ({ ...row, broken: [] })),
  };
}

export const coldStart: Experiment = {
  name: 'cold-start',
  promise:
    'the first request to a stopped in-process pool costs at most the app’s import time + 15 ms with a spare host, and spawn to first answer of `node app.js` + 30 ms without',
  run: (scale) => run(scaled(7, scale, 5)),
};
