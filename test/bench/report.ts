/** Results as a table with ratios for people and as JSON for machines. */
import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { repository } from '../support/paths.js';
import type { Sample } from './measure.js';
import type { Transfer } from './transfer.js';

export interface PathResult {
  readonly name: string;
  /** By number of connections. */
  readonly load: Readonly<Record<string, Sample>>;
  readonly download: Transfer | null;
  readonly upload: Transfer | null;
}

export interface BenchResult {
  readonly machine: string;
  readonly commit: string;
  readonly node: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly paths: readonly PathResult[];
  readonly notes: readonly string[];
}

export function machine(): string {
  const all = cpus();
  return `${all.length} x ${all[0]?.model ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
}

export function commit(): string {
  try {
    const git = (...args: string[]): string => execFileSync('git', args, { cwd: repository, encoding: 'utf8' }).trim();
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '-uno') === '' ? '' : ' + changes');
  } catch {
    return 'unknown';
  }
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

const whole = (value: number): string => (Number.isFinite(value) ? String(Math.round(value)) : '-');
const tenths = (value: number): string => (Number.isFinite(value) ? value.toFixed(1) : '-');
const ratio = (value: number, of: number | undefined): string =>
  of === undefined || of === 0 || !Number.isFinite(value) ? '-' : (value / of).toFixed(2);
const mega = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);

function loadTable(result: BenchResult, connections: string): string {
  const find = (name: string): Sample | undefined => result.paths.find((one) => one.name === name)?.load[connections];
  const total = (one: Sample | undefined): number | undefined => one && one.frontUs + one.appUs;
  const bare = find('bare node');
  const nginxTcp = find('nginx -> node (tcp)');
  const rows = result.paths.flatMap(({ name, load }) => {
    const one = load[connections];
    if (one === undefined) return [];
    // Like is compared with like: `https: `, `h2: `.
    const nginx = find(`${/^\w+: /.exec(name)?.[0] ?? ''}nginx -> node (unix)`);
    const sum = one.frontUs + one.appUs;
    return [
      [
        name,
        whole(one.requestsPerSecond),
        whole(one.p50Us),
        whole(one.p99Us),
        tenths(sum),
        tenths(one.frontUs),
        tenths(one.appUs),
        ratio(sum, total(bare)),
        ratio(sum, total(nginx)),
        ratio(one.frontUs, nginxTcp?.frontUs),
        whole(one.p50Us - (bare?.p50Us ?? Number.NaN)),
        mega(one.rssBytes),
        whole(one.errors),
      ],
    ];
  });
  const head = ['path', 'req/s', 'p50 us', 'p99 us', 'CPU us/req', 'front', 'app', 'x bare node', 'x nginx (unix)'];
  return table([...head, 'front x nginx (tcp)', 'p50 - bare', 'RSS MiB', 'errors'], rows);
}

function transferTable(result: BenchResult): string {
  const nginx = result.paths.find((one) => one.name === 'nginx -> node (unix)');
  const cells = (one: Transfer | null, other: Transfer | null | undefined): string[] =>
    one === null
      ? ['-', '-', '-', '-']
      : [
          whole(one.megabytesPerSecond),
          ratio(one.megabytesPerSecond, other?.megabytesPerSecond),
          one.cpuSecondsPerGigabyte.toFixed(2),
          mega(one.growthBytes),
        ];
  const rows = result.paths
    .filter((one) => one.download !== null || one.upload !== null)
    .map((one) => [one.name, ...cells(one.download, nginx?.download), ...cells(one.upload, nginx?.upload)]);
  const columns = ['MB/s', 'x nginx', 'CPU s/GB', 'growth MiB'];
  return table(['path', ...columns.map((name) => `down ${name}`), ...columns.map((name) => `up ${name}`)], rows);
}

export function renderResult(result: BenchResult): string {
  const connections = [...new Set(result.paths.flatMap((one) => Object.keys(one.load)))];
  const parts = [
    `${result.machine}, Node ${result.node}, commit ${result.commit}; medians of ${result.rounds} interleaved rounds of ${result.seconds} s`,
    ...connections.map((count) => `\n${count} keep-alive connection(s), small response\n${loadTable(result, count)}`),
  ];
  if (result.paths.some((one) => one.download !== null)) parts.push(`\nlarge bodies\n${transferTable(result)}`);
  return [...parts, '', ...result.notes].join('\n');
}
