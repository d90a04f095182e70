/** The results as a page of the docs and as a short table in the README. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commit, machine } from '../../../bench/report.js';
import { repository } from '../../../support/paths.js';
import type { Publication } from '../../experiment.js';
import type { Result } from './experiment.js';
import { cpuPercent, fileSizeMax, memoryMax, openFilesMax, pidsMax } from './world.js';

const page = join(repository, 'docs', 'reference', 'hostile-tenants.md');
const readme = join(repository, 'README.md');
const [begin, end] = ['<!-- hostile-tenants: begin -->', '<!-- hostile-tenants: end -->'];

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replace(/\s+/g, ' ')).join(' | ')} |`;
}

/** Windows of a shortened run are too short, and its machine not quiet, for a figure that anybody may quote. */
function p99({ quietMs, attackedMs }: Result, shortened: string): string {
  if (shortened !== '') return 'not measured';
  return `${quietMs.toFixed(1)} → ${attackedMs.toFixed(1)} ms`;
}

function result({ got, broken }: Result): string {
  return broken.length === 0 ? got : `**not held**: ${broken.join('; ')}`;
}

function pageLine(one: Result, shortened: string): string {
  return line([
    one.attack.name,
    one.attack.what,
    one.attack.by === 'inside' ? 'in-process' : 'out-of-process',
    result(one),
    `${one.failed} of ${one.sent}`,
    p99(one, shortened),
  ]);
}

function readmeLine(one: Result, shortened: string): string {
  return line([one.attack.name, result(one), String(one.failed), p99(one, shortened)]);
}

function pageText(results: readonly Result[], shortened: string): string {
  const head = [
    'attack',
    'what the tenant does',
    'by',
    'what it gets',
    'neighbours: failed of sent',
    'p99 quiet → attacked',
  ];
  return [
    '# Hostile tenants',
    '',
    'Written by `npm run acceptance -- hostile-tenants`. One server, with pools that attack and pools that must notice nothing, all at',
    `isolation level \`user\`. An attacker has \`cpu: { limit: ${cpuPercent * 1_000}, action: Throttle }\` and \`resources: { pidsMax: ${pidsMax}, memoryMax: ${memoryMax}MB,`,
    `openFiles: ${openFilesMax}, fileSize: ${fileSizeMax}MB }\`; an innocent pool has no limit of its own. Attacks run in-process or out-of-process (*by*), and know`,
    'every pid, port and path of the server and its neighbours.',
    '',
    'Neighbours, one in each hosting model, get 300 requests a second whatever their answers do (latency counts from the intended time of',
    'sending). Quiet and attacked windows take turns, three rounds; the figure is the median of the three p99. Attacks that take something',
    'others need have windows of 20 s, the others of 2 s. The load generator shares the machine.',
    '',
    'After each attack that may leave something the pool is stopped, and no process of its user may be left; primary and listeners are the same',
    'processes from the first attack to the last. What `process` and `sandbox` change: [isolation](../explanation/isolation.md).',
    '',
    measuredOn(shortened),
    '',
    line(head),
    line(head.map(() => '---')),
    ...results.map((one) => pageLine(one, shortened)),
    '',
  ].join('\n');
}

function measuredOn(shortened: string): string {
  return `Machine: ${machine()}. Commit ${commit()}, Node ${process.versions.node}${shortened}.`;
}

function readmeTable(results: readonly Result[], shortened: string): string {
  const head = ['attack', 'what the tenant got', 'neighbours failed', 'their p99'];
  return [
    begin,
    line(head),
    line(head.map(() => '---')),
    ...results.map((one) => readmeLine(one, shortened)),
    '',
    measuredOn(shortened),
    end,
  ].join('\n');
}

export function publishResults(results: readonly Result[], { shortened, readme: wanted }: Publication): void {
  writeFileSync(page, pageText(results, shortened));
  if (!wanted) return;
  const text = readFileSync(readme, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README.md has no ${begin} and ${end}`);
  writeFileSync(readme, text.slice(0, from) + readmeTable(results, shortened) + text.slice(to + end.length));
}

/** The lines of these attacks alone; the tables keep the others. */
export function publishSome(results: readonly Result[], { shortened, readme: wanted }: Publication): void {
  const replace = (file: string, lineOf: (one: Result, shortened: string) => string): void => {
    const lines = readFileSync(file, 'utf8').split('\n');
    const written = lines.map((text) => {
      const one = results.find(({ attack }) => text.startsWith(`| ${attack.name} |`));
      return one === undefined ? text : lineOf(one, shortened);
    });
    writeFileSync(file, written.join('\n'));
  };
  replace(page, pageLine);
  if (wanted) replace(readme, readmeLine);
}
