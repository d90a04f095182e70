/** Faults 12 and 13: what a worker should listen on is taken by somebody else, or goes away while it runs. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type HostingChoice, outOfProcess } from '../../../support/hosting.js';
import { reasonToSkip } from '../../../support/missing.js';
import { startProgram } from '../../../support/program.js';
import { isAlive } from '../../../support/processes.js';
import { monotonicMs, pause, until } from '../../../support/time.js';
import { scaled, violations } from '../../experiment.js';
import { listenerPids } from '../kill-listeners.js';
import {
  fault,
  type FaultRow,
  firstLine,
  isShort,
  kill,
  models,
  type Scene,
  signal,
  startTraffic,
  withScene,
} from './rig.js';

const outside: HostingChoice = { model: 'out-of-process', settings: outOfProcess('index.js') };
/** Neither ours nor of a pool. */
const thiefUser = '65534';

/** Listens as another user as soon as it can, and writes every byte that anybody sends it into the file. */
const thief = `
const fs = require('node:fs');
const [port, address, file] = process.argv.slice(1);
const server = require('node:net').createServer((socket) => {
  fs.appendFileSync(file, 'connected\\n');
  socket.on('error', () => undefined).on('data', (chunk) => fs.appendFileSync(file, chunk));
});
server.on('error', () => setImmediate(listen));
server.on('listening', () => fs.appendFileSync(file + '.listens', 'x'));
function listen() { server.listen(Number(port), address); }
listen();
`;

interface Theft {
  readonly isThere: () => boolean;
  /** What it got. */
  readonly loot: () => string;
  stop(): Promise<unknown>;
}

function steal(folder: string, port: string, address: string): Theft {
  const file = join(folder, `loot-${port}`);
  writeFileSync(file, '', { mode: 0o666 });
  const user = ['--reuid', thiefUser, '--regid', thiefUser, '--clear-groups'];
  const program = startProgram('setpriv', [...user, process.execPath, '-e', thief, port, address, file]);
  return {
    isThere: () => existsSync(`${file}.listens`),
    loot: () => readFileSync(file, 'latin1'),
    stop: () => program.stop('SIGKILL'),
  };
}

/** Between the choice of the port and the moment when the application listens on it. */
async function takenBefore(address: string): Promise<FaultRow> {
  const name = `the chosen port is taken on ${address} by another user`;
  const reason = reasonToSkip(['other users']);
  if (reason !== null) return { name, measured: reason, broken: [], missed: ['not measured'] };
  let row: FaultRow | null = null;
  await withScene({ choice: outside, environment: { GO: 'FOLDER/go' } }, async (scene) => {
    const { sluice, folder } = scene;
    const sinceMs = monotonicMs();
    const asked = sluice.call('/a/run/1', { limitMs: 60_000 });
    const [first] = await until('the process was told its port', () => {
      const { starts } = scene.ledger();
      return starts.length > 0 && starts;
    });
    const theft = steal(folder, first?.port ?? '', address);
    try {
      await until('the port is taken', () => theft.isThere());
      writeFileSync(join(folder, 'go'), '');
      const answer = await asked;
      const ports = scene.ledger().starts.map((start) => start.port);
      row = {
        name,
        measured: `answered ${answer.status} after ${Math.round(monotonicMs() - sinceMs)} ms by process ${ports.length} on another port; the other one got ${theft.loot().length} bytes`,
        broken: violations({
          [`answered ${firstLine(answer.text)}`]: answer.text === 'ran 1',
          [`the other user's process was sent: ${theft.loot().slice(0, 300)}`]: theft.loot() === '',
          [`ports ${ports.join(', ')}`]: ports.length === 2 && ports[0] !== ports[1],
        }),
        missed: [],
      };
    } finally {
      await theft.stop();
    }
  });
  if (row === null) throw new Error('did not run');
  return row;
}

/** Somebody waits for the port of a worker that dies, and takes it in the same moment. */
async function takenAfter(rounds: number): Promise<FaultRow> {
  const name = 'the port of a killed worker is taken at once by another user';
  const reason = reasonToSkip(['other users']);
  if (reason !== null) return { name, measured: reason, broken: [], missed: ['not measured'] };
  let row: FaultRow | null = null;
  await withScene({ choice: outside }, async (scene) => {
    const { sluice } = scene;
    await sluice.call('/a/run/first');
    const traffic = startTraffic(scene, { get: 50, fresh: 50, post: 50 });
    const thefts: Theft[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const [pid = 0] = await until('a worker runs', async () => {
        const running = await sluice.workerPids('a');
        return running.length === 1 && running;
      });
      const port = scene.ledger().starts.find((start) => start.pid === pid)?.port ?? '';
      const theft = steal(scene.folder, port, '127.0.0.1');
      thefts.push(theft);
      try {
        // From now on it tries all the time, and in vain.
        await pause(500);
        await kill(pid);
        await until('it is served again', async () => (await sluice.call('/a/')).status === 200);
        await traffic.underWay();
      } finally {
        await theft.stop();
      }
    }
    const report = await traffic.stop();
    const loot = thefts.map((theft) => theft.loot()).filter((bytes) => bytes !== '');
    row = {
      name,
      measured: `taken ${thefts.filter((theft) => theft.isThere()).length} times in ${rounds} rounds at 150 requests/s, sent something ${loot.length} times; ${report.words}`,
      broken: violations({
        ...report.facts(),
        [`the other one got: ${loot.join(' | ').slice(0, 300)}`]: loot.length === 0,
      }),
      missed: [],
    };
  });
  if (row === null) throw new Error('did not run');
  return row;
}

async function occupied(what: 'directory' | 'symlink' | 'fifo'): Promise<FaultRow> {
  let row: FaultRow | null = null;
  const environment = { PLANT: what, NEIGHBOUR: 'FOLDER/neighbour.sock' };
  await withScene({ choice: outside, hosting: { socket: 'unix' }, environment }, async (scene) => {
    let reached = 0;
    const neighbour = createServer((socket) => {
      reached += 1;
      socket.destroy();
    });
    await new Promise<void>((done) => void neighbour.listen(join(scene.folder, 'neighbour.sock'), done));
    const sinceMs = monotonicMs();
    const answer = await scene.sluice.call('/a/run/1', { limitMs: 60_000 });
    await new Promise<void>((done) => void neighbour.close(() => done()));
    row = {
      name: `a ${what} stands where the socket should`,
      measured: `answered ${answer.status} after ${Math.round(monotonicMs() - sinceMs)} ms by process ${scene.ledger().starts.length}; what the link leads to was reached ${reached} times`,
      broken: violations({
        [`answered ${firstLine(answer.text)}`]: answer.text === 'ran 1',
        [`the wrong socket was reached ${reached} times`]: reached === 0,
      }),
      missed: [],
    };
  });
  if (row === null) throw new Error('did not run');
  return row;
}

export const takenPlaces = fault(
  'taken-places',
  'the chosen port is taken by another user, a directory, link or FIFO stands where the socket should: another one is tried, the wrong process is never sent a request',
  (scale) => {
    const addresses = ['127.0.0.1', '0.0.0.0'].slice(isShort(scale) ? 1 : 0);
    const plants = (['directory', 'symlink', 'fifo'] as const).slice(0, isShort(scale) ? 1 : 3);
    return [
      ...addresses.map((address) => () => takenBefore(address)),
      ...(isShort(scale) ? [] : [() => takenAfter(scaled(10, scale, 3))]),
      ...plants.map((what) => () => occupied(what)),
    ];
  },
);

/** The socket of the only worker of pool `a`: of its link, or its own. */
function socketOf({ sluice }: Scene, choice: HostingChoice, links: ReadonlySet<string>): string {
  const run = join(sluice.folder, 'run');
  if (choice.model === 'in-process') {
    const [file = ''] = readdirSync(join(run, 'l')).filter((name) => !links.has(name));
    return join(run, 'l', file);
  }
  const [folder = ''] = readdirSync(join(run, 'w'));
  return join(run, 'w', folder, 'app.sock');
}

const removals = {
  removed: (path: string) => rmSync(path),
  'replaced by a directory': (path: string) => {
    renameSync(path, `${path}.old`);
    mkdirSync(path);
  },
} as const;

async function vanished(choice: HostingChoice, how: keyof typeof removals, restMs: number): Promise<FaultRow> {
  let row: FaultRow | null = null;
  const hosting = choice.model === 'in-process' ? {} : { socket: 'unix' };
  await withScene({ choice, hosting }, async (scene) => {
    const { sluice } = scene;
    const links = new Set(readdirSync(join(sluice.folder, 'run', 'l')));
    await sluice.call('/a/run/first');
    const [pid = 0] = await sluice.workerPids('a');
    const traffic = startTraffic(scene, { get: 60, fresh: 40, post: 20, ms: 20 });
    await pause(1_000);
    removals[how](socketOf(scene, choice, links));
    const atMs = monotonicMs();
    // Open links go on; a new listener needs a new one.
    if (choice.model === 'in-process') signal(listenerPids(sluice).slice(0, 1), 'SIGKILL');
    await until('the worker is replaced', () => !isAlive(pid), { withinMs: 60_000, everyMs: 20 });
    const goneMs = Math.round(monotonicMs() - atMs);
    await until('it is served again', async () => (await sluice.call('/a/')).status === 200);
    const repairedMs = Math.round(monotonicMs() - atMs);
    await pause(restMs);
    const report = await traffic.stop();
    row = vanishedRow(`the socket is ${how}, ${choice.model}`, choice, report, goneMs, repairedMs);
  });
  if (row === null) throw new Error('did not run');
  return row;
}

function vanishedRow(
  name: string,
  choice: HostingChoice,
  report: Awaited<ReturnType<ReturnType<typeof startTraffic>['stop']>>,
  goneMs: number,
  repairedMs: number,
): FaultRow {
  // The killed listener takes its own connections along: those have no answer at all.
  const isCut = (status: number): boolean => choice.model === 'in-process' && status === 0;
  const lost = report.lost('GET').filter(({ status }) => !isCut(status));
  const lostPosts = report.lost('POST').filter(({ status }) => !isCut(status));
  return {
    name,
    measured: `worker replaced after ${goneMs} ms, served by the next after ${repairedMs} ms; lost GET ${lost.length}, lost POST ${lostPosts.length}, ${report.slowerThan(1_000)} requests slower than 1 s; neighbour p99 ${report.neighbour.p99Ms} ms`,
    broken: violations({
      [`lost GET: ${lost
        .slice(0, 3)
        .map((one) => `${firstLine(one.words)}`)
        .join(' | ')}`]: lost.length === 0,
      [`POSTs that ran twice: ${report.doubledPosts}`]: report.doubledPosts === 0,
      [`answers of another request: ${report.wrong}`]: report.wrong === 0,
    }),
    missed: violations({
      [`repaired after ${repairedMs} ms`]: repairedMs < 10_000,
      [`lost POST ${lostPosts.length}`]: lostPosts.length === 0,
    }),
  };
}

export const vanishedSocket = fault(
  'vanished-socket',
  'the socket file of a running worker is removed or replaced: found at the next connect, the worker is replaced, lost GET 0',
  (scale) =>
    models(scale, 'out-of-process').flatMap((choice) =>
      (Object.keys(removals) as (keyof typeof removals)[])
        .slice(0, isShort(scale) ? 1 : 2)
        .map((how) => () => vanished(choice, how, scaled(2_000, scale, 500))),
    ),
);
