/** The probe app alone and behind the real listener: every event of the app and every byte of the client. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../../support/paths.js';
import { compare } from '../../support/probe/compare.js';
import { bytesLostAtExit } from '../../support/probe/exit-bytes.js';
import { type Mode, type Record, runAll } from '../../support/probe/run.js';
import { scenarios } from '../../support/probe/scenarios.js';
import { run as runProgram } from '../../support/program.js';
import { type Experiment, type Outcome, violations } from '../experiment.js';

const modes: readonly (readonly [string, Mode])[] = [
  ['fast path', 'auto'],
  ['slow path', 'slow'],
  ['fallback', 'documented'],
];

/** This Node, and the newest if `npm run test:nodes` has fetched it. */
function nodes(): string[] {
  const newest = join(repository, '.cache/node26/node_modules', `node-linux-${process.arch}`, 'bin/node');
  return [process.execPath, ...(existsSync(newest) ? [newest] : [])];
}

function unlike(
  expected: ReadonlyMap<string, Record>,
  found: ReadonlyMap<string, Record>,
  used: Map<string, number>,
): string[] {
  const names: string[] = [];
  for (const [name, alone] of expected) {
    const hosted = found.get(name);
    const compared = hosted === undefined ? null : compare(alone, hosted);
    if (compared === null || !compared.isSame) names.push(name);
    for (const one of compared?.used ?? []) used.set(one, (used.get(one) ?? 0) + 1);
  }
  return names;
}

interface Findings {
  readonly measured: string;
  /** How often each named difference was seen, one text for each path. */
  readonly named: readonly string[];
  readonly broken: readonly string[];
}

async function onNode(node: string): Promise<Findings> {
  const version = (await runProgram(node, ['--version'])).output.trim();
  const broken: string[] = [];
  const alone = await runAll(scenarios, 'alone', node);
  const again = await runAll(scenarios, 'alone', node);
  for (const [name, record] of alone) {
    if (JSON.stringify(record) !== JSON.stringify(again.get(name)))
      broken.push(`${version}: ${name} is not like itself`);
  }
  const told: string[] = [];
  const everyNamed: string[] = [];
  for (const [title, mode] of modes) {
    const used = new Map<string, number>();
    const different = unlike(alone, await runAll(scenarios, mode, node), used);
    broken.push(...different.map((name) => `${version} ${title}: ${name} differs`));
    everyNamed.push([...used].map(([name, count]) => `${name} ${count}`).join(', '));
    told.push(`${title} ${alone.size - different.length} of ${alone.size} equal`);
  }
  let lost = 0;
  for (const reads of [true, false, true, false]) lost += Math.abs(await bytesLostAtExit(node, reads));
  broken.push(...violations({ [`${version}: ${lost} bytes lost at exit`]: lost === 0 }));
  return {
    measured: `${version}: ${told.join(', ')}, ${lost} bytes lost by res.end(300 kB); process.exit()`,
    named: everyNamed,
    broken,
  };
}

async function run(): Promise<Outcome> {
  const found: Findings[] = [];
  for (const node of nodes()) found.push(await onNode(node));
  const named = new Set(found.flatMap((one) => one.named));
  return {
    measured: `${found.map((one) => one.measured).join('. ')}. Scenarios with a named difference: ${[...named].join(' / ')}`,
    broken: [
      ...found.flatMap((one) => one.broken),
      ...violations({ 'only one Node was there: npm run test:nodes -- 26 fetches the other': found.length > 1 }),
    ],
    missed: [],
  };
}

export const inProcess: Experiment = {
  name: 'in-process',
  promise: `${scenarios.length} raw-socket scenarios: logs and bytes alone = hosted but for differences with a name, on two Nodes, fallback too`,
  run,
};
