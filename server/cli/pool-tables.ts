/** Pools, workers and receipts for people. */
import { escapeControls } from '../../config/base/diagnostics.js';
import type { ObituaryView, PoolView, ReceiptView, WorkerView } from '../../pools/supervisor/ports.js';
import type { Paint } from './colours.js';
import { formatTable } from './table.js';

export type WorkerRow = WorkerView & { readonly pool: string };

/** Of each list the newest so many are shown; --json shows all. */
const rowsShown = 10;

export function poolTable(pools: readonly PoolView[], paint?: Paint): string {
  const rows = pools.map(({ name, state, stoppedReason, workers, restarts, receipts }) => [
    escapeControls(name),
    state,
    stoppedReason,
    String(workers.length),
    String(workers.reduce((sum, { inFlight }) => sum + inFlight, 0)),
    megabytes(workers.reduce((sum, { rssBytes }) => sum + rssBytes, 0)),
    String(restarts),
    lastReceipt(receipts.at(-1)),
  ]);
  return formatTable(
    ['POOL', 'STATE', 'REASON', 'WORKERS', 'REQUESTS', 'MEMORY', 'CRASHES', 'LAST CHANGE'],
    rows,
    paint,
  );
}

export function workerTable(workers: readonly WorkerRow[], nowMs: number, paint?: Paint): string {
  const rows = workers.map((worker) => [
    String(worker.workerId),
    String(worker.pid),
    escapeControls(worker.pool),
    escapeControls(worker.applicationId),
    String(worker.slot),
    worker.state,
    worker.startedAtMs === 0 ? '-' : age(nowMs - worker.startedAtMs),
    String(worker.inFlight),
    megabytes(worker.rssBytes),
  ]);
  return formatTable(['ID', 'PID', 'POOL', 'APPLICATION', 'SLOT', 'STATE', 'AGE', 'REQUESTS', 'MEMORY'], rows, paint);
}

export function poolDetails(pool: PoolView, nowMs: number, paint?: Paint): string {
  const applications = pool.applications.map(({ id, hostingModel, state, problem }) =>
    [id, hostingModel, state, problem].map(escapeControls),
  );
  const workers = pool.workers.map((worker) => ({ ...worker, pool: pool.name }));
  const parts = [
    `${escapeControls(pool.name)}: ${pool.state}${pool.stoppedReason === '' ? '' : ` (${pool.stoppedReason})`}`,
    formatTable(['APPLICATION', 'HOSTING', 'STATE', 'PROBLEM'], applications, paint),
  ];
  if (workers.length > 0) parts.push(workerTable(workers, nowMs, paint));
  const receipts = pool.receipts.slice(-rowsShown).map(receiptLine);
  if (receipts.length > 0) parts.push(['Receipts, newest last:', ...receipts].join('\n'));
  const obituaries = pool.obituaries.slice(-rowsShown).map(obituaryLine);
  if (obituaries.length > 0) parts.push(['Obituaries, newest last:', ...obituaries].join('\n'));
  return parts.join('\n\n');
}

/** One receipt on one line: what happened to whom, and to its requests. */
export function receiptLine(receipt: ReceiptView): string {
  const { atMs, kind, cause, outcome, applicationId, slot, old, successor, requests, durationMs } = receipt;
  const to = successor === null ? 'none' : `${successor.pid} (ready in ${successor.startMs} ms)`;
  const counts = [
    `${requests.inFlight} in flight`,
    `${requests.drained} drained`,
    `${requests.late} late`,
    `${requests.retried} retried`,
    `${requests.cut} cut`,
    `${requests.socketsNoticed} sockets noticed`,
  ];
  const what = `${time(atMs)} ${kind} ${outcome} (${cause}) ${escapeControls(applicationId)}#${slot}`;
  const stays = old.ended === '' ? ' still serves' : '';
  return `${what}: pid ${old.pid}${stays} -> ${to}; ${counts.join(', ')}; ${durationMs} ms`;
}

/** What is needed of an obituary for one line; not every view has the suspects. */
type Told = Omit<ObituaryView, 'suspects' | 'attachments'> & { readonly suspects?: readonly string[] };

export function obituaryLine(obituary: Told): string {
  const { atMs, startedAtMs, applicationId, slot, pid, reason, code, signal, inFlight, suspects = [] } = obituary;
  const how = signal ?? (code === null ? 'no exit code' : `exit code ${code}`);
  const blame = suspects.length === 0 ? '' : `; suspect ${suspects.map(escapeControls).join(', ')}`;
  const who = `${escapeControls(applicationId)}#${slot} pid ${pid}`;
  return `${time(atMs)} ${reason} ${who}: ${how} after ${age(atMs - startedAtMs)}, ${inFlight} requests with it${blame}`;
}

function lastReceipt(receipt: ReceiptView | undefined): string {
  if (receipt === undefined) return '-';
  return `${time(receipt.atMs)} ${receipt.kind} ${receipt.outcome} (${receipt.cause}), ${receipt.requests.cut} cut`;
}

function time(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/\.\d+Z$/, 'Z');
}

export function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
}

function megabytes(bytes: number): string {
  return bytes === 0 ? '-' : `${(bytes / 1_048_576).toFixed(1)} MB`;
}
