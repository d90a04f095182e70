/** Fault 9: an application that needs long to start, and everybody who waits for it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostingChoice } from '../../../support/hosting.js';
import { type Answer, call } from '../../../support/http-client.js';
import { statusNumber } from '../../../support/processes.js';
import { monotonicMs, pause, until } from '../../../support/time.js';
import { scaled, violations } from '../../experiment.js';
import { listenerPids } from '../kill-listeners.js';
import { fault, type FaultRow, firstLine, models, type Scene, startTraffic, withScene } from './rig.js';

interface Waiting {
  readonly serial: number;
  readonly answer: Promise<Answer | null>;
}

/** One after the other in the order of their serials, as far as connections keep an order. */
async function queueUp(port: number, count: number): Promise<Waiting[]> {
  const waiting: Waiting[] = [];
  for (let serial = 0; serial < count; serial += 1) {
    const answer = call(port, `/a/run/w${serial}`, { limitMs: 180_000 }).catch(() => null);
    waiting.push({ serial, answer });
    if (serial % 8 === 7) await pause(2);
  }
  return waiting;
}

async function queueLength(scene: Scene): Promise<number> {
  return Number(/^sluice_queue_length\{pool="a"\} (\d+)/m.exec(await scene.sluice.metrics())?.[1] ?? 0);
}

/** By how many places the worker ran them out of order. */
function disorder(scene: Scene): number {
  const order = [...scene.ledger().runs.keys()]
    .map((line) => /^GET w(\d+)$/.exec(line)?.[1])
    .filter((serial) => serial !== undefined)
    .map(Number);
  return Math.max(0, ...order.map((serial, place) => Math.abs(serial - place)));
}

interface Served {
  readonly startMs: number;
  readonly queueLength: number;
  readonly socket: 'tcp' | 'unix';
}

async function served(choice: HostingChoice, { startMs, queueLength: length, socket }: Served): Promise<FaultRow> {
  let row: FaultRow | null = null;
  const hosting = socket === 'unix' ? { socket } : {};
  const environment = { START_MS: String(startMs), GO: 'FOLDER/go' };
  // One listener: the order is one of each listener.
  await withScene({ choice, hosting, environment, listeners: 1, pool: { queueLength: length } }, async (scene) => {
    const { sluice } = scene;
    const beside = startTraffic(scene, { get: 0, fresh: 0, post: 0 });
    const sinceMs = monotonicMs();
    const waiting = await queueUp(sluice.port, length);
    await until('all of them wait', async () => (await queueLength(scene)) === length, { withinMs: 60_000 });
    const refused = await sluice.call('/a/run/beyond');
    writeFileSync(join(scene.folder, 'go'), '');
    const rss = listenerPids(sluice).map((pid) => Math.round((statusNumber(pid, 'VmRSS') ?? 0) / 1_024));
    const answers = await Promise.all(waiting.map(async (one) => ({ ...one, got: await one.answer })));
    const tookMs = Math.round(monotonicMs() - sinceMs);
    const { neighbour } = await beside.stop();
    const lost = answers.filter(({ serial, got }) => got?.text !== `ran w${serial}`);
    const retryAfter = refused.headers['retry-after'] ?? 'none';
    const places = disorder(scene);
    const shown = lost.slice(0, 3).map(({ serial, got }) => `#${serial} ${firstLine(got?.text)}`);
    row = {
      name: `${length} wait for a start of ${startMs} ms, ${choice.model}${socket === 'unix' ? ' over a unix socket' : ''}`,
      measured: `${length - lost.length} served, the last after ${tookMs} ms, out of order by at most ${places} places; one more got ${refused.status} with Retry-After ${retryAfter}; listener ${rss.join(', ')} MiB; neighbour failed ${neighbour.failed}, p99 ${neighbour.p99Ms} ms`,
      broken: violations({
        [`${lost.length} lost: ${shown.join(' | ')}`]: lost.length === 0,
        [`one beyond the limit got ${refused.status}`]: refused.status === 503 && refused.text.includes('QueueFull'),
        'without Retry-After': retryAfter !== 'none',
        [`the neighbour lost ${neighbour.failed}`]: neighbour.failed === 0,
        [`${scene.ledger().starts.length} starts`]: scene.ledger().starts.length === 1,
      }),
      missed: violations({ [`out of order by ${places} places`]: places <= 16 }),
    };
  });
  if (row === null) throw new Error('did not run');
  return row;
}

/** It never listens: whoever waits gets the failure of the start, none is left hanging. */
async function timedOut(choice: HostingChoice, waiters: number, limitSeconds: number): Promise<FaultRow> {
  let row: FaultRow | null = null;
  const hosting = { startupTimeLimit: limitSeconds };
  const environment = { START_MS: '600000' };
  await withScene({ choice, hosting, environment }, async (scene) => {
    const beside = startTraffic(scene, { get: 0, fresh: 0, post: 0 });
    const sinceMs = monotonicMs();
    const waiting = await queueUp(scene.sluice.port, waiters);
    const answers = await Promise.all(waiting.map(({ answer }) => answer));
    const tookMs = Math.round(monotonicMs() - sinceMs);
    const { neighbour } = await beside.stop();
    const expected = choice.model === 'in-process' ? 500 : 502;
    const others = answers.filter((answer) => answer?.status !== expected);
    const isLate = scene.sluice.output().includes('startup-timeout');
    row = {
      name: `${waiters} wait for a start beyond its limit of ${limitSeconds} s, ${choice.model}`,
      measured: `${waiters - others.length} got ${expected} after ${tookMs} ms; neighbour failed ${neighbour.failed}, p99 ${neighbour.p99Ms} ms`,
      broken: violations({
        [`${others.length} got something else: ${others[0]?.status ?? 'no answer'}`]: others.length === 0,
        [`the neighbour lost ${neighbour.failed}`]: neighbour.failed === 0,
        'the log names the cause': isLate,
      }),
      missed: [],
    };
  });
  if (row === null) throw new Error('did not run');
  return row;
}

export const slowStart = fault(
  'slow-start',
  'a start of 30 s with 1,000 requests waiting: all served in order, one more gets 503 with Retry-After; a start beyond its limit answers all; other pools unchanged',
  (scale) => {
    const length = scaled(1_000, scale, 200);
    const startMs = { 'in-process': scaled(30_000, scale, 0), 'out-of-process': scaled(15_000, scale, 0) };
    const overUnix = { startMs: 5_000, queueLength: length, socket: 'unix' } as const;
    return [
      ...models(scale, 'in-process').map(
        (choice) => () => served(choice, { startMs: startMs[choice.model], queueLength: length, socket: 'tcp' }),
      ),
      ...models(scale, 'in-process')
        .slice(1)
        .map((choice) => () => served(choice, overUnix)),
      ...models(scale, 'out-of-process').map((choice) => () => timedOut(choice, 100, scaled(5, scale, 2))),
    ];
  },
);
