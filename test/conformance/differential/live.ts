/** Sends the corpora through a server to an origin that keeps every byte, and judges what arrived there. */
import { inParallel } from '../../support/batches.js';
import { call } from '../../support/http-client.js';
import { outOfProcess } from '../../support/hosting.js';
import { app } from '../../support/paths.js';
import type { Settings, Sluice, SluiceOptions } from '../../support/sluice.js';
import { pause } from '../../support/time.js';
import { forwarded } from '../corpus/forwarded.js';
import { corpusHost, mustAccept, mustRefuse, type RequestCase } from '../corpus/index.js';
import { byAddress, judgeReceived, runOnOrigin } from '../http2/on-origin.js';
import type { Script } from '../http2/script.js';
import { acceptance, connectionsAtOnce, refusal } from '../live-requests.js';
import { type Finding, findingsOf, type Forwarded } from './findings.js';
import { viewsOf } from './views.js';

export const originEntry = 'index.js';

const scriptsAtOnce = 8;

/** What a connection of the origin may still get after the last answer. */
const quietMs = 500;

/** Everything: what must be refused, what is odd but valid, and what a client may not claim. */
export function differentialCases(): readonly RequestCase[] {
  const claims = forwarded().map(({ id, bytes }) => ({ id, bytes, statuses: [] }));
  return [...mustRefuse(), ...mustAccept(), ...claims];
}

/** Of the pool `origin`, for any host, over HTTP/1 and HTTP/2. */
export function originSite(port: number): Settings {
  const application = { path: '/', applicationPool: 'origin', physicalPath: app('recording-origin') };
  return {
    name: 'origin',
    bindings: [{ protocol: 'http', bindingInformation: `*:${port}:`, http2: true }],
    applications: [{ ...application, ...outOfProcess(originEntry) }],
  };
}

export function originServer(): SluiceOptions {
  return {
    applicationPools: [{ name: 'origin', processModel: { maxConcurrentRequests: 20_000 } }],
    sites: (port) => [originSite(port)],
  };
}

/** What the origin kept since it was asked last. */
export async function takeRecord(port: number): Promise<Forwarded[]> {
  const { text } = await call(port, '/take-the-record', { host: corpusHost, limitMs: 60_000 });
  const records = JSON.parse(text) as readonly { bytes: string; isAnswered: boolean; isOpen: boolean }[];
  return records.map((one) => ({ ...one, bytes: Buffer.from(one.bytes, 'base64') }));
}

export interface Differential {
  readonly forwarded: number;
  readonly findings: readonly Finding[];
  /** Scripts whose client or worker got something else than they say. */
  readonly wrongScripts: readonly string[];
}

/** A server with the recording origin behind it. */
export interface Origin {
  readonly port: number;
  /** All of its processes. */
  readonly pids: () => readonly number[];
}

export function originBehind(sluice: Sluice): Origin {
  return { port: sluice.port, pids: () => sluice.tree().map(({ pid }) => pid) };
}

/** Runs the scripts of HTTP/2 against the origin. @returns what each shows, once the record is there. */
export async function scriptsAgainst(
  port: number,
  scripts: readonly Script[],
): Promise<(records: readonly Forwarded[]) => string[]> {
  const runs = await inParallel(scripts, scriptsAtOnce, (script, index) => runOnOrigin(script, port, index));
  return (records) => {
    const received = byAddress(records);
    return runs.flatMap((run) => {
      const problem = judgeReceived(run, received.get(run.address) ?? []);
      return problem === '' ? [] : [`${run.script.source}: ${run.script.name}: ${problem}`];
    });
  };
}

export interface Corpora {
  readonly cases: readonly RequestCase[];
  readonly scripts: readonly Script[];
}

export async function differential(
  { port, pids }: Origin,
  { cases, scripts }: Corpora,
  withinMs?: number,
): Promise<Differential> {
  await takeRecord(port);
  const before = pids();
  await inParallel(cases, connectionsAtOnce, (one) =>
    one.statuses.length > 0 ? refusal(port, one, withinMs) : acceptance(port, one, withinMs),
  );
  const judgeScripts = await scriptsAgainst(port, scripts);
  await pause(quietMs);
  const kept = (await takeRecord(port)).filter(({ bytes }) => bytes.length > 0);
  const views = await viewsOf(kept.map(({ bytes }) => bytes));
  const findings = kept.flatMap((one, index) => {
    const view = views[index];
    return view === undefined ? [] : findingsOf(one, view);
  });
  const after = new Set(pids());
  for (const pid of before) if (!after.has(pid)) findings.push({ kind: 'dead', detail: `process ${pid} is gone` });
  return { forwarded: kept.length, findings, wrongScripts: judgeScripts(kept) };
}
