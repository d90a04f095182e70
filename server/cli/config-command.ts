/** `sluice config`: the configuration of a running server; `check` alone needs none. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { configStudyLimitMs } from '../../config/base/config-history-limits.js';
import {
  type Diagnostic,
  escapeControls,
  formatDiagnostic,
  printableJson,
  shorten,
} from '../../config/base/diagnostics.js';
import { messageOf, SluiceError } from '../../config/base/errors.js';
import type { ChangePlan, NamesChange } from '../../config/change/diff.js';
import { summaryOf } from '../../config/change/summary.js';
import type { Explanation } from '../../config/effective/explain.js';
import type { SettingChanges, ValuesPage } from '../../config/effective/study.js';
import type { ValueSource } from '../../config/effective/values.js';
import type { ApplyView, ConfigFilesView, TrialView } from '../admin/config-control.js';
import type { AdminClient } from './admin-client.js';
import { exitCode } from './exit-codes.js';
import { type AdminFlags, open, print } from './pool-command.js';
import { formatTable } from './table.js';

/** Ten thousand sites take their time. */
const limitMs = 2 * configStudyLimitMs;
const valueCharsShown = 60;
/** Of one answer of `config show`; `--json` asks for as many. */
const valuesAsked = 20_000;

export interface CandidateFlags extends AdminFlags {
  /** The file of the configuration that the candidate would be. */
  readonly as?: string;
}

export interface ApplyFlags extends CandidateFlags {
  readonly hash?: string;
  readonly note?: string;
  readonly force?: boolean;
}

interface HistoryRow {
  readonly id: number;
  readonly atMs: number;
  readonly by: string;
  readonly cause: string;
  readonly note: string;
  readonly summary: string;
  readonly canBeRestored: boolean;
}

/** The same as `sluice check`, and for machines. */
export async function checkConfiguration(path: string, { json }: Pick<AdminFlags, 'json'>): Promise<number> {
  const { check } = await import('./check-command.js');
  if (json !== true) return check(path);
  const { loadConfig } = await import('../../config/compile/compile.js');
  const { config, diagnostics } = await loadConfig(resolve(path), { environment: process.env });
  process.stdout.write(`${printableJson({ valid: config !== null, problems: diagnostics }, 2)}\n`);
  return config === null ? exitCode.failed : exitCode.ok;
}

export async function showValues(path: string, flags: AdminFlags & { readonly all?: boolean }): Promise<number> {
  const client = await open(flags);
  const query = new URLSearchParams({ path, written: String(flags.all !== true), limit: String(valuesAsked) });
  const page = await client.ask<ValuesPage>('GET', `/api/v1/config?${query.toString()}`, { limitMs });
  return print(flags, page, () => valueTable(page));
}

export async function explainSetting(path: string, flags: AdminFlags): Promise<number> {
  const client = await open(flags);
  const about = await client.ask<Explanation>(
    'GET',
    `/api/v1/config/explain?${new URLSearchParams({ path }).toString()}`,
    { limitMs },
  );
  return print(flags, about, () => explanationText(about));
}

/** 0 = it can be applied, 1 = it cannot. */
export async function diffCandidate(file: string, flags: CandidateFlags): Promise<number> {
  const client = await open(flags);
  const body = { file: flags.as ?? '', text: textOf(file) };
  const trial = await client.ask<TrialView>('POST', '/api/v1/config/diff', { body, limitMs });
  print(flags, trial, () => trialText(trial));
  return trial.valid ? exitCode.ok : exitCode.failed;
}

export async function applyCandidate(file: string, flags: ApplyFlags): Promise<number> {
  const client = await open(flags);
  const body = { file: flags.as ?? '', text: textOf(file), note: flags.note ?? '' };
  const hash = flags.force === true ? '*' : (flags.hash ?? (await hashOfFile(client, body.file)));
  return ordered(client, '/api/v1/config/apply', { ...body, hash }, flags);
}

export async function listHistory(flags: AdminFlags): Promise<number> {
  const client = await open(flags);
  const answer = await client.ask<{ entries: HistoryRow[] }>('GET', '/api/v1/config/history');
  return print(flags, answer, () => historyTable(answer.entries));
}

export async function rollBack(id: string, flags: ApplyFlags): Promise<number> {
  const client = await open(flags);
  const now = async (): Promise<string> => (await client.ask<ConfigFilesView>('GET', '/api/v1/config/files')).hash;
  const hash = flags.force === true ? '*' : (flags.hash ?? (await now()));
  const body = { hash, note: flags.note ?? '' };
  return ordered(client, `/api/v1/config/rollback/${encodeURIComponent(id)}`, body, flags);
}

async function ordered(client: AdminClient, path: string, body: object, flags: AdminFlags): Promise<number> {
  const view = await client.ask<ApplyView>('POST', path, { body, told: [422], limitMs });
  print(flags, view, () => appliedText(view));
  return view.outcome === 'applied' ? exitCode.ok : exitCode.failed;
}

/** What is there at this moment; with --hash somebody says what they saw earlier. '' = the file is new. */
async function hashOfFile(client: AdminClient, file: string): Promise<string> {
  const query = new URLSearchParams({ file });
  const found = await client.ask<{ hash?: string }>('GET', `/api/v1/config/file?${query.toString()}`, {
    told: [403],
    limitMs,
  });
  return found.hash ?? '';
}

/** `-` = standard input. */
function textOf(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new SluiceError(
      'file-unreadable',
      `${file} cannot be read: ${messageOf(error)}`,
      'name a file, or - for the standard input',
    );
  }
}

function valueTable({ values, total }: ValuesPage): string {
  const rows = values.map(({ path, value, source }) => [escapeControls(path), valueText(value), placeText(source)]);
  const more = total - values.length;
  return formatTable(['SETTING', 'VALUE', 'FROM'], rows) + (more > 0 ? `\n... and ${more} more` : '');
}

function valueText(value: unknown): string {
  if (value === null) return '-';
  const text = typeof value === 'string' && value !== '' ? value : JSON.stringify(value);
  return escapeControls(shorten(text, valueCharsShown));
}

function placeText({ from, file, line, column }: ValueSource): string {
  if (file === '') return from;
  return escapeControls(line === 0 ? `${file} (${from})` : `${file}:${line}:${column} (${from})`);
}

const changeWords: Readonly<Record<Explanation['change'], string>> = {
  reload: 'acts at once (reload); no worker is replaced',
  recycle: 'the workers that it concerns are replaced one after the other (recycle); no request is lost',
  restart: 'acts at the next start of Sluice (restart)',
};

function explanationText(about: Explanation): string {
  const unit = about.unit === '' ? '' : ` (${about.unit})`;
  const lines = [escapeControls(about.path), `  ${about.description}`, ''];
  if (about.kind === 'setting') {
    lines.push(`  value:    ${valueText(about.value)}${unit}`, `  from:     ${placeText(about.source)}`);
    lines.push(`  default:  ${valueText(about.default)}`, `  type:     ${about.type}`);
  }
  lines.push(`  a change: ${changeWords[about.change]}`);
  if (about.acts !== 'yes')
    lines.push(`  note:     ${about.acts === 'not-here' ? 'no effect on Linux' : 'does not act yet'}`);
  if (about.written.length > 0) lines.push('', '  Written, the one that wins first:');
  for (const one of about.written) lines.push(`    ${valueText(one.value)}  ${placeText(one)}`);
  if (about.inside.length > 0)
    lines.push('', '  Settings in it:', ...about.inside.map((one) => `    ${escapeControls(one)}`));
  return lines.join('\n');
}

function trialText({ problems, problemsTotal, plan, settings, valid }: TrialView): string {
  const lines = problemLines(problems, problemsTotal);
  if (!valid) return [...lines, 'it cannot be applied'].join('\n');
  if (settings !== null) lines.push(...changeLines(settings));
  if (plan !== null) lines.push(...planLines(plan));
  return lines.join('\n');
}

function problemLines(problems: readonly Diagnostic[], total: number): string[] {
  const more = total - problems.length;
  return [...problems.map(formatDiagnostic), ...(more > 0 ? [`... and ${more} more problems`] : [])];
}

function changeLines({ changes, total }: SettingChanges): string[] {
  if (total === 0) return ['no setting changes'];
  const lines = changes.map(({ path, before, after }) => {
    const was = before === null ? 'nothing' : valueText(before.value);
    const is = after === null ? 'nothing' : valueText(after.value);
    return `${escapeControls(path)}: ${was} -> ${is}`;
  });
  const more = total - changes.length;
  return more > 0 ? [...lines, `... and ${more} more settings`] : lines;
}

const poolWords: Readonly<Record<ChangePlan['pools'][number]['change'], string>> = {
  added: 'is added',
  removed: 'is removed: its workers end when their requests have',
  recycle: 'recycles: its workers are replaced',
  live: 'gets new limits at once',
};

function planLines({ pools, sites, applications, restart }: ChangePlan): string[] {
  const lines = pools.map(({ pool, change }) => `pool ${escapeControls(pool)} ${poolWords[change]}`);
  lines.push(...nameLines('site', sites), ...nameLines('application', applications));
  if (restart.length > 0) lines.push(`at the next start of Sluice only: ${restart.join(', ')}`);
  return lines;
}

function nameLines(what: string, { added, removed, changed }: NamesChange): string[] {
  const line = (word: string) => (name: string) => `${what} ${escapeControls(name)} ${word}`;
  return [...added.map(line('is added')), ...removed.map(line('is removed')), ...changed.map(line('changes'))];
}

function appliedText({ outcome, problems, reasons, plan, acknowledged, entry }: ApplyView): string {
  const lines = problemLines(problems, problems.length);
  if (outcome === 'refused') {
    return [...lines, ...reasons.map(escapeControls), 'refused: the configuration before it serves on'].join('\n');
  }
  const number = entry === 0 ? '' : ` as number ${entry}`;
  lines.push(`applied${number}: ${plan === null ? '' : escapeControls(summaryOf(plan))}`);
  if (!acknowledged) lines.push('one listener has not said yet that it has it; it is replaced if it stays silent');
  return lines.join('\n');
}

function historyTable(entries: readonly HistoryRow[]): string {
  const rows = entries.map(({ id, atMs, by, cause, note, summary, canBeRestored }) => [
    String(id),
    new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z'),
    escapeControls(by === '' ? '-' : by),
    escapeControls(cause),
    escapeControls(canBeRestored ? summary : `${summary} (contents not kept)`),
    escapeControls(note),
  ]);
  return formatTable(['ID', 'WHEN', 'BY', 'CAUSE', 'CHANGED', 'NOTE'], rows);
}
