/** Faults 1 to 3: a worker is killed while it is idle, under load, and at every moment of a request. */
import { existsSync } from 'node:fs';
import type { HostingChoice } from '../../../support/hosting.js';
import { percentile } from '../../../support/load.js';
import { keepAliveAgent } from '../../../support/http-client.js';
import { monotonicMs, pause, until } from '../../../support/time.js';
import { scaled, violations } from '../../experiment.js';
import {
  type Death,
  doubledPosts,
  fault,
  type FaultRow,
  firstLine,
  isShort,
  kill,
  models,
  type Scene,
  signal,
  startTraffic,
  type TrafficReport,
  withScene,
} from './rig.js';

async function idle(choice: HostingChoice, rounds: number): Promise<FaultRow> {
  let row: FaultRow = { name: choice.model, measured: '', broken: ['did not run'], missed: [] };
  await withScene({ choice, pool: { processModel: { maxProcesses: 2 } } }, async (scene) => {
    const { sluice } = scene;
    const agent = keepAliveAgent(8);
    const answers: string[] = [];
    const ask = async (serial: string, method: 'GET' | 'POST', kept: boolean): Promise<void> => {
      const how = { method, ...(method === 'POST' ? { body: serial } : {}), ...(kept ? { agent } : {}) };
      const answer = await sluice.call(`/a/run/${serial}`, how).catch((error: unknown) => ({ text: String(error) }));
      if (answer.text !== `ran ${serial}`) answers.push(`${method} ${serial}: ${firstLine(answer.text)}`);
    };
    await ask('first', 'GET', true);
    for (let round = 0; round < rounds; round += 1) {
      const pids = await until('both workers run', async () => {
        const running = await sluice.workerPids('a');
        return running.length === 2 && running;
      });
      const serial = (index: number): string => `r${round}-${index}`;
      // Connections to both workers are kept when the one dies.
      const before = Array.from({ length: 8 }, (_, index) => ask(`w${serial(index)}`, 'GET', true));
      await Promise.all(before);
      const [doomed = 0] = pids;
      signal([doomed], 'SIGKILL');
      // Idle when it dies: a process that is being killed takes connections until its last thread is gone.
      while (existsSync(`/proc/${doomed}`));
      const after = Array.from({ length: 16 }, (_, index) =>
        ask(serial(index), index % 2 === 0 ? 'GET' : 'POST', index % 4 < 2),
      );
      await Promise.all(after);
    }
    agent.destroy();
    const lost = (method: string): number => answers.filter((one) => one.startsWith(method)).length;
    row = {
      name: choice.model,
      measured: `${rounds} kills, 8 GET and 8 POST right after each: lost GET ${lost('GET')}, lost POST ${lost('POST')}`,
      broken: violations({
        [`lost: ${answers.slice(0, 3).join(' | ')}`]: answers.length === 0,
        'a POST ran twice': doubledPosts(scene.ledger()) === 0,
      }),
      missed: [],
    };
  });
  return row;
}

export const killedIdle = fault('killed-idle', 'kill -9 of one of two idle workers: lost GET 0, lost POST 0', (scale) =>
  models(scale, 'out-of-process').map((choice) => () => idle(choice, scaled(20, scale, 2))),
);

async function only(choice: HostingChoice, kills: number, ratePerSecond: number): Promise<FaultRow> {
  let report: TrafficReport | null = null;
  const deaths: Death[] = [];
  await withScene({ choice }, async (scene) => {
    const { sluice } = scene;
    await sluice.call('/a/run/first');
    const traffic = startTraffic(scene, {
      get: ratePerSecond * 0.6,
      fresh: ratePerSecond * 0.2,
      post: ratePerSecond * 0.2,
    });
    for (let killed = 0; killed < kills; killed += 1) {
      await pause(1_500);
      const [pid = 0] = await until('a worker runs', async () => {
        const running = await sluice.workerPids('a');
        return running.length === 1 && running;
      });
      deaths.push(await kill(pid));
      await until('it is served again', async () => (await sluice.call('/a/')).status === 200);
      // What was sent round again is answered before the next kill.
      await traffic.underWay();
    }
    report = await traffic.stop();
  });
  return onlyRow(choice, report, deaths);
}

function onlyRow(choice: HostingChoice, report: TrafficReport | null, deaths: readonly Death[]): FaultRow {
  if (report === null) throw new Error('did not run');
  const strange = report.strangelyLost(deaths);
  const firsts = deaths.map(({ fromMs }) => report.firstSuccessMs(fromMs));
  const longest = Math.max(...deaths.map(({ fromMs, toMs }) => toMs - fromMs));
  return {
    name: choice.model,
    measured: `${deaths.length} kills (a process needs up to ${Math.round(longest)} ms to die), ${report.words}; first success after ${Math.round(percentile(firsts, 0.5))} ms (worst ${Math.max(...firsts)}), most waiting ${report.mostOpen}`,
    broken: violations({
      ...report.facts(),
      [`POSTs lost that were not in flight, or without a reason: ${strange.map((one) => `#${one.serial} ${firstLine(one.words)}`).join(' | ')}`]:
        strange.length === 0,
    }),
    missed: violations({ [`first success after ${Math.max(...firsts)} ms`]: Math.max(...firsts) < 2_000 }),
  };
}

export const killedOnly = fault(
  'killed-only',
  'kill -9 of the only worker at 500 requests/s: lost GET 0, lost POST only what was in flight (502 with a reason), doubled POST 0',
  (scale) =>
    models(scale, 'in-process').map((choice) => () => only(choice, scaled(6, scale, 1), isShort(scale) ? 100 : 500)),
);

const requestMs = 300;

/** One pool that is killed at these moments, one after another. */
async function killAt(scene: Scene, moments: readonly number[]): Promise<string[]> {
  const { sluice } = scene;
  const wrong: string[] = [];
  for (const moment of moments) {
    const pids = await until('a worker runs', async () => {
      await sluice.call('/a/');
      const running = await sluice.workerPids('a');
      return running.length === 1 && running;
    });
    const path = (letter: string): string => `/a/run/${letter}${moment}?ms=${requestMs}`;
    const requests = [
      sluice.call(path('g')),
      sluice.call(path('p'), { method: 'POST', body: 'x' }),
      sluice.call(path('e'), { method: 'PUT' }),
    ];
    const sentMs = monotonicMs();
    await pause(moment);
    const killedMs = signal(pids, 'SIGKILL');
    const [got, posted, put] = await Promise.all(requests);
    const at = `at ${moment} ms (${Math.round(killedMs - sentMs)})`;
    if (got?.text !== `ran g${moment}`) wrong.push(`GET ${at}: ${firstLine(got?.text)}`);
    if (put?.text !== `ran e${moment}`) wrong.push(`PUT without a body ${at}: ${firstLine(put?.text)}`);
    const isAnswered = posted?.text === `ran p${moment}`;
    const hasReason = posted?.status === 502 && posted.text.includes('502.3');
    if (!isAnswered && !hasReason) wrong.push(`POST ${at}: ${firstLine(posted?.text)}`);
  }
  return wrong;
}

async function everyMoment(choice: HostingChoice, stepMs: number): Promise<FaultRow> {
  const moments = Array.from({ length: Math.floor(requestMs / stepMs) + 1 }, (_, index) => index * stepMs);
  let row: FaultRow | null = null;
  await withScene({ choice }, async (scene) => {
    const wrong = await killAt(scene, moments);
    const { runs } = scene.ledger();
    const doubled = doubledPosts({ starts: [], runs });
    const posts = moments.filter((moment) => (runs.get(`POST p${moment}`) ?? 0) > 0).length;
    row = {
      name: choice.model,
      measured: `${moments.length} kills: lost GET and PUT ${wrong.filter((one) => !one.startsWith('POST')).length}, POST begun ${posts} and run twice ${doubled}`,
      broken: violations({
        [wrong.slice(0, 3).join(' | ')]: wrong.length === 0,
        [`${doubled} POSTs ran twice`]: doubled === 0,
      }),
      missed: [],
    };
  });
  if (row === null) throw new Error('did not run');
  return row;
}

export const killedAtEveryMoment = fault(
  'killed-at-every-moment',
  'kill -9 at every 10 ms of a request of 300 ms: lost GET 0, doubled POST 0, a lost POST gets a 502 with a reason',
  (scale) =>
    models(scale, 'out-of-process').map((choice) => () => everyMoment(choice, Math.min(100, Math.round(10 / scale)))),
);
