/**
 * The primary kills itself at every numbered point of start, recycle, reload and stop. What it leaves must end by
 * itself, and the next start must serve. Each life that serves is the proof for the death before it.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../../../config/base/errors.js';
import { type CrashPointName, crashPoints } from '../../../../pools/runtimes/crash-points.js';
import { ownerOf } from '../../../../pools/runtimes/owner-file.js';
import { percentile } from '../../../support/load.js';
import { isAlive } from '../../../support/processes.js';
import { canSwitchUsers } from '../../../support/paths.js';
import { Random } from '../../../support/random.js';
import { until, within } from '../../../support/time.js';
import { type Experiment, type Outcome, type Row, violations } from '../../experiment.js';
import { MortalServer } from './mortal-server.js';

/** Where pools cannot have users of their own nothing is leased, and as root there the last good copy is not kept. */
function isReachable(name: CrashPointName): boolean {
  if (name === 'start.user-leased') return canSwitchUsers();
  return canSwitchUsers() || process.getuid?.() !== 0 || !name.includes('last-good');
}

function isStart(name: string): boolean {
  return name.startsWith('start.');
}

/** Deaths of a start lie between others, whose lives begin with a start that has to succeed. */
function ordered(points: readonly CrashPointName[]): readonly CrashPointName[] {
  const starts = points.filter(isStart);
  const others = points.filter((name) => !isStart(name));
  return others.flatMap((name, index) => [...starts.slice(index, index + 1), name]);
}

/** All points, or so many of each kind, chosen by the seed. */
function chosen(each: number, seed: number): readonly CrashPointName[] {
  const random = new Random(seed);
  const all = crashPoints.map(({ name }) => name).filter(isReachable);
  const some = (of: readonly CrashPointName[]): readonly CrashPointName[] => {
    const left = [...of];
    return Array.from({ length: Math.min(each, left.length) }, () => left.splice(random.below(left.length), 1)).flat();
  };
  return ordered([...some(all.filter(isStart)), ...some(all.filter((name) => !isStart(name)))]);
}

/** Does what leads to the point; the server may die anywhere on the way. */
async function act(server: MortalServer, point: CrashPointName): Promise<void> {
  const [action] = point.split('.');
  if (action === 'start') return;
  if (action === 'worker') return server.visit();
  await server.serves();
  if (action === 'recycle') server.order('recycle', 'in');
  else if (action === 'apply') server.change();
  else if (action === 'upgrade') server.life.program.child.kill('SIGUSR2');
  else server.life.program.child.kill('SIGTERM');
}

/** Files that the next start relies on: whole or absent at every moment. */
function damaged(server: MortalServer): string[] {
  const files = ['last-good.json', 'identities.json'].map((name) => join(server.life.folder, 'state', name));
  return files.filter((file) => {
    if (!existsSync(file)) return false;
    try {
      JSON.parse(readFileSync(file, 'utf8'));
      return false;
    } catch {
      return true;
    }
  });
}

/** The new primary gives up, or serves already and is stopped: `program.exited` waits for it, because it has the same output. */
async function endUpgrade(server: MortalServer): Promise<void> {
  const { pid, folder, program } = server.life;
  await until(`process ${pid} dies`, () => !isAlive(pid), { withinMs: 60_000 });
  const lock = join(folder, 'run', 'sluice.lock');
  await until('the new primary gives up or serves', async () => {
    if (program.child.stdout?.closed === true) return true;
    const owner = ownerOf(lock)?.pid ?? 0;
    if (owner === pid || !isAlive(owner) || !(await server.isReady())) return false;
    process.kill(owner, 'SIGTERM');
    return true;
  });
}

async function die(server: MortalServer, point: CrashPointName, tell: (leftMs: number) => void): Promise<Row> {
  let measured = 'was not reached';
  const broken: string[] = [];
  try {
    await server.start({ env: { SLUICE_CRASH_POINT: point }, waitUntilReady: !isStart(point) });
    await act(server, point);
    if (point.startsWith('upgrade.')) await endUpgrade(server);
    const exit = await within(60_000, `the death at ${point}`, server.life.program.exited);
    const leftMs = await server.whenNothingIsLeft();
    tell(leftMs);
    measured = `nothing left after ${Math.round(leftMs)} ms`;
    broken.push(...violations({ [`it ended with ${exit.code ?? exit.signal}`]: exit.signal === 'SIGKILL' }));
    broken.push(...damaged(server).map((file) => `${file} is damaged`));
  } catch (error) {
    broken.push(`${messageOf(error)}\n${server.life.output().slice(-2_000)}`);
    server.life.program.child.kill('SIGKILL');
  }
  return { name: point, measured, broken };
}

/** The last life: it serves, and its orderly end leaves nothing of any of them. */
async function end(server: MortalServer): Promise<string[]> {
  await server.start();
  await server.serves();
  const exit = await server.life.program.stop('SIGTERM', 60_000);
  await server.whenNothingIsLeft();
  const run = join(server.life.folder, 'run');
  return violations({
    [`the last life ended with ${exit.code ?? exit.signal}`]: exit.code === 0,
    [`in the run folder: ${existsSync(run) ? readdirSync(run).join(', ') : ''}`]: !existsSync(run),
    [`leases: ${server.leases().join(', ')}`]: server.leases().length === 0,
    [`control groups: ${server.groups().join(', ')}`]: server.groups().length === 0,
  });
}

async function run(points: readonly CrashPointName[]): Promise<Outcome> {
  const server = new MortalServer();
  const times: number[] = [];
  const rows: Row[] = [];
  try {
    for (const point of points) rows.push(await die(server, point, (leftMs) => times.push(leftMs)));
    rows.push({
      name: 'the life after all of them',
      measured: 'serves, and stops in order',
      broken: await end(server),
    });
  } finally {
    await server.kill();
  }
  const failed = rows.filter(({ broken }) => broken.length > 0);
  return {
    measured: `${points.length} of ${crashPoints.length} points; nothing left after ${Math.round(percentile(times, 0.5))} ms (worst ${Math.round(Math.max(...times))} ms), ${points.length - failed.length} clean`,
    broken: failed.map(({ name, broken }) => `${name}: ${broken.join('; ')}`),
    missed: [],
    rows,
  };
}

export const crashPointsExperiment: Experiment = {
  name: 'crash-points',
  promise:
    'SIGKILL of the primary at every numbered point of start, worker start, recycle, reload, stop and upgrade: no orphan, empty control groups, and the next start serves',
  run: (scale) => run(scale >= 1 ? chosen(crashPoints.length, 0) : chosen(4, 20_261_121)),
};
