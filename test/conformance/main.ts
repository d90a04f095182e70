/**
 * `npm run conformance [-- --peers]`: the corpus against a started Sluice and, with `--peers`, the same bytes
 * against the other servers that are installed here. Prints what each let through; 1 if Sluice did.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../../config/base/errors.js';
import { type BenchPath, bareNode, type RunningPath } from '../bench/paths.js';
import { peers } from '../bench/peers.js';
import { commit, machine } from '../bench/report.js';
import { formatTable } from '../../server/cli/table.js';
import { inParallel } from '../support/batches.js';
import { type HostingChoice, hostingModels } from '../support/hosting.js';
import { app, repository } from '../support/paths.js';
import { withSluice } from '../support/sluice.js';
import { mustAccept, mustRefuse, type RequestCase } from './corpus/index.js';
import { findingClasses } from './differential/findings.js';
import {
  differential,
  differentialCases,
  originBehind,
  originEntry,
  originServer,
  type Origin,
} from './differential/live.js';
import { missingH11 } from './differential/views.js';
import { liveScripts } from './http2/index.js';
import { ask, hostileServer, type HostileApp, isRight, withHostileApp } from './live-answers.js';
import {
  acceptance,
  connectionsAtOnce,
  recorderEntry,
  recorderServer,
  refusal,
  wholeRequests,
} from './live-requests.js';

/** A server under test: opens a port in front of the app, and takes it down again. */
interface Subject {
  readonly name: string;
  /** Peers keep a connection open that Sluice would end: there is no use in waiting long. */
  readonly withinMs?: number;
  readonly withRecorder: (body: (port: number) => Promise<void>) => Promise<void>;
  /** null: it has no app behind it that could answer badly. */
  readonly withHostile: ((hostile: HostileApp, body: (port: number) => Promise<void>) => Promise<void>) | null;
  /** With the origin that keeps every byte; null: it forwards no bytes. */
  readonly withOrigin: ((body: (origin: Origin) => Promise<void>) => Promise<void>) | null;
  /** The port of HTTP/1.1 takes HTTP/2 too. */
  readonly speaksHttp2: boolean;
}

/** Row -> how many were let through. */
type Column = ReadonlyMap<string, number>;

const validRow = 'valid requests (refused)';
const answersRow = 'bad answers (shown as whole)';
const peerLimitMs = 400;
const findingsShown = 5;
const scriptsRow = 'HTTP/2 scripts (another outcome, or other bytes for the worker)';
const findingRows = Object.entries(findingClasses).map(([kind, what]) => [kind, `${kind}: ${what}`] as const);

function sluice(choice: HostingChoice): Subject {
  const forwards = choice.model === 'out-of-process';
  return {
    name: `sluice ${choice.model}`,
    withRecorder: (body) => withSluice(recorderServer(choice), ({ port }) => body(port)),
    withHostile: forwards ? (app, body) => withSluice(hostileServer(app), ({ port }) => body(port)) : null,
    withOrigin: forwards ? (body) => withSluice(originServer(), (server) => body(originBehind(server))) : null,
    speaksHttp2: true,
  };
}

function peer(path: BenchPath): Subject {
  const running = async (entry: string, env: NodeJS.ProcessEnv, body: (started: RunningPath) => Promise<void>) => {
    const started = await path.start({ entry, env });
    try {
      await body(started);
    } finally {
      await started.stop();
    }
  };
  return {
    name: path.name,
    withinMs: peerLimitMs,
    withRecorder: (body) => running(`${app('recorder')}/${recorderEntry}`, {}, ({ port }) => body(port)),
    withHostile:
      path === bareNode ? null : ({ entry, env }, body) => running(entry, { ...env }, ({ port }) => body(port)),
    withOrigin:
      path === bareNode
        ? null
        : (body) =>
            running(`${app('recording-origin')}/${originEntry}`, {}, (started) =>
              body({ port: started.port, pids: () => [...started.front(), ...started.app()] }),
            ),
    speaksHttp2: false,
  };
}

/** `F2` of `F2/name`. */
function byClass(cases: Iterable<RequestCase>): Map<string, RequestCase[]> {
  const classes = new Map<string, RequestCase[]>();
  for (const one of cases) {
    const name = one.id.split('/', 1)[0] ?? '';
    const known = classes.get(name);
    if (known === undefined) classes.set(name, [one]);
    else known.push(one);
  }
  return classes;
}

async function measure({ withRecorder, withHostile, withOrigin, speaksHttp2, withinMs }: Subject): Promise<Column> {
  const column = new Map<string, number>();
  await withRecorder(async (port) => {
    for (const [name, cases] of byClass(mustRefuse())) {
      const before = await wholeRequests(port);
      await inParallel(cases, connectionsAtOnce, (one) => refusal(port, one, withinMs));
      column.set(name, (await wholeRequests(port)) - before);
    }
    const valid = await inParallel([...mustAccept()], connectionsAtOnce, (one) => acceptance(port, one, withinMs));
    column.set(validRow, valid.filter((one) => one.wrong !== null).length);
  });
  await withOrigin?.((origin) => classify(column, origin, speaksHttp2, withinMs));
  if (withHostile === null) return column;
  await withHostileApp((cases, hostile) =>
    withHostile(hostile, async (port) => {
      const seen = await inParallel(cases, 8, async (_, index) => (await ask(port, index, withinMs)).seen);
      const shown = cases.filter((one, index) => seen[index] === 'whole' && !isRight(one, 'whole'));
      column.set(answersRow, shown.length);
    }),
  );
  return column;
}

/** Counts the findings in what was forwarded, by class. */
async function classify(
  column: Map<string, number>,
  origin: Origin,
  speaksHttp2: boolean,
  withinMs?: number,
): Promise<void> {
  const missing = missingH11();
  if (missing !== null) {
    console.error(`what was forwarded: not judged, ${missing}`);
    return;
  }
  const corpora = { cases: differentialCases(), scripts: speaksHttp2 ? liveScripts : [] };
  const { findings, wrongScripts } = await differential(origin, corpora, withinMs);
  if (speaksHttp2) column.set(scriptsRow, wrongScripts.length);
  for (const one of wrongScripts.slice(0, findingsShown)) console.error(`  ${one}`);
  for (const [kind, row] of findingRows) column.set(row, findings.filter((one) => one.kind === kind).length);
  for (const { kind, detail } of findings.slice(0, findingsShown)) console.error(`  ${kind} ${detail}`);
}

/** Null when it could not be measured; the reason is told. */
async function measured(subject: Subject): Promise<Column | null> {
  console.error(`${subject.name} ...`);
  try {
    return await measure(subject);
  } catch (error) {
    console.error(`${subject.name}: ${messageOf(error)}`);
    return null;
  }
}

/** Of the peers of the benchmarks the servers that people put in front of an app, and node itself. */
function peerSubjects(): Subject[] {
  const wanted = peers.filter(({ name }) => /^(nginx -> node \(tcp\)|haproxy|caddy)/.test(name));
  return [...wanted, bareNode].flatMap((path) => {
    if (path.missing === null) return [peer(path)];
    console.error(`${path.name}: left out, ${path.missing}`);
    return [];
  });
}

/** The table as a page of the docs, with what it can and cannot tell. */
function writePage(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const text = [
    '# Bad bytes, beside other servers',
    '',
    'Written by `npm run conformance -- --peers`. Requests that must be refused (RFC 9112, 9110), by class, and how many of them reached the',
    'app all the same; then valid requests that were refused, and bad answers of an app that the client was shown as complete ones.',
    'The classes are named in `test/conformance/corpus/README.md`. A dash: not measured, or no app behind it that could answer badly.',
    '',
    'Last, all of these requests and those that claim what a client may not, once more in front of an origin that keeps every byte: what was',
    'forwarded is read by three parsers, a strict one of its own (written from the RFC), that of Node (llhttp) and h11 of Python, and every',
    'connection of the origin that shows one of the named faults counts. Requests that were accepted although they must be refused are the rows',
    'above.',
    '',
    'The scripts of HTTP/2 ([list](http2-conformance.md)) go to the same origin: the client has to see the outcome, and the worker of HTTP/1.1',
    'gets, byte for byte, what the script asks for and nothing of what is refused. The three parsers read that too. Of the other servers only',
    'HTTP/1 is measured.',
    '',
    `The other servers are those of this machine with their default parsing options, as a plain reverse proxy; hardening that they offer is`,
    'off, and what is counted is what came through, not what an attacker could make of it.',
    '',
    `Machine: ${machine()}. Commit ${commit()}.`,
    '',
    line(head),
    line(head.map(() => '---')),
    ...rows.map(line),
    '',
  ];
  const file = join(repository, 'docs', 'reference', 'conformance.md');
  writeFileSync(file, text.join('\n'));
  console.log(`wrote ${file}`);
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { peers: { type: 'boolean', default: false } } });
  const own = hostingModels.map(sluice);
  const subjects = [...own, ...(values.peers ? peerSubjects() : [])];
  const columns = new Map<Subject, Column | null>();
  for (const subject of subjects) columns.set(subject, await measured(subject));
  const counts = new Map([...byClass(mustRefuse())].map(([name, cases]) => [name, cases.length]));
  counts.set(validRow, [...mustAccept()].length);
  counts.set(scriptsRow, liveScripts.length);
  counts.set(answersRow, await withHostileApp(async (cases) => cases.filter((one) => one.expect !== 'ok').length));
  const rows = [...counts].map(([name, count]) => [
    name,
    String(count),
    ...subjects.map((subject) => String(columns.get(subject)?.get(name) ?? '-')),
  ]);
  const forwardedCases = String(differentialCases().length);
  for (const [, name] of findingRows) {
    rows.push([name, forwardedCases, ...subjects.map((subject) => String(columns.get(subject)?.get(name) ?? '-'))]);
  }
  console.log(
    'Cases of each class that must be refused, and the requests of them that reached the app all the same:\n',
  );
  console.log(formatTable(['CLASS', 'CASES', ...subjects.map(({ name }) => name.toUpperCase())], rows));
  if (values.peers) writePage(['class', 'cases', ...subjects.map(({ name }) => name)], rows);
  const failures = own.flatMap((subject) => {
    const column = columns.get(subject) ?? null;
    return column === null ? [1] : [...column.values()];
  });
  return failures.every((count) => count === 0) ? 0 : 1;
}

process.exitCode = await main();
