/** `sluice pool` and `sluice worker`: views as tables, actions that wait until they are done. */
import { pause } from '../../config/base/clock.js';
import { escapeControls, printableJson } from '../../config/base/diagnostics.js';
import { operationPollMs } from '../../config/base/limits.js';
import type { PoolView, ReceiptView, WorkerView } from '../../pools/supervisor/ports.js';
import type { OperationView, PoolAction, WorkerAction } from '../admin/control-plane.js';
import { systemClock } from '../primary/clock.js';
import { AdminClient } from './admin-client.js';
import { painter } from './colours.js';
import { exitCode } from './exit-codes.js';
import { poolDetails, poolTable, receiptLine, type WorkerRow, workerTable } from './pool-tables.js';

export interface AdminFlags {
  readonly admin?: string;
  readonly config?: string;
  readonly json?: boolean;
}

export async function listPools(flags: AdminFlags & { readonly state?: string }): Promise<number> {
  const client = await open(flags);
  const answer = await client.ask<{ pools: PoolView[] }>('GET', '/api/v1/pools');
  const wanted = flags.state?.toLowerCase();
  const pools = answer.pools.filter(({ state }) => wanted === undefined || state.toLowerCase() === wanted);
  return print(flags, pools, () => poolTable(pools, painter(process.stdout)));
}

export async function showPool(name: string, flags: AdminFlags): Promise<number> {
  const client = await open(flags);
  const pool = await client.ask<PoolView>('GET', poolPath(name));
  return print(flags, pool, () => poolDetails(pool, systemClock.wallMs(), painter(process.stdout)));
}

export interface WorkerFlags extends AdminFlags {
  readonly pool?: string;
  /** Id or process id. */
  readonly worker?: string;
}

export async function listWorkers(flags: WorkerFlags): Promise<number> {
  const client = await open(flags);
  const answer = await client.ask<{ workers: WorkerRow[] }>('GET', '/api/v1/workers');
  const { pool = null, worker = null } = flags;
  const workers = answer.workers.filter(
    (one) =>
      (pool === null || one.pool === pool) &&
      (worker === null || [String(one.workerId), String(one.pid)].includes(worker)),
  );
  return print(flags, workers, () => workerTable(workers, systemClock.wallMs(), painter(process.stdout)));
}

export async function actOnPool(action: PoolAction, name: string, flags: AdminFlags): Promise<number> {
  return act(`${poolPath(name)}/${action}`, flags);
}

export async function actOnWorker(
  action: WorkerAction,
  id: string,
  flags: AdminFlags & { readonly kind?: string },
): Promise<number> {
  const kind = flags.kind === undefined ? '' : `?kind=${encodeURIComponent(flags.kind)}`;
  return act(`/api/v1/workers/${encodeURIComponent(id)}/${action}${kind}`, flags);
}

export async function act(path: string, flags: AdminFlags): Promise<number> {
  const operation = await carryOut(await open(flags), path, flags);
  process.stdout.write(`${flags.json === true ? printableJson(operation, 2) : resultLine(operation)}\n`);
  return operation.state === 'done' ? exitCode.ok : exitCode.failed;
}

/** Begins an action and waits for its end: progress goes to stderr, receipts to stdout. */
export async function carryOut(client: AdminClient, path: string, flags: AdminFlags): Promise<OperationView> {
  const isQuiet = flags.json === true;
  let operation = await client.ask<OperationView>('POST', path);
  let shown = 0;
  let progress = '';
  while (operation.state === 'running') {
    await pause(systemClock, operationPollMs);
    operation = await client.ask<OperationView>('GET', `/api/v1/operations/${operation.id}`);
    if (isQuiet) continue;
    shown = showReceipts(operation.receipts, shown);
    if (operation.state === 'running' && operation.pool !== '')
      progress = await showProgress(client, operation, progress);
  }
  if (!isQuiet) showReceipts(operation.receipts, shown);
  return operation;
}

function showReceipts(receipts: readonly ReceiptView[], shown: number): number {
  for (const receipt of receipts.slice(shown)) process.stdout.write(`${receiptLine(receipt)}\n`);
  return receipts.length;
}

async function showProgress(client: AdminClient, operation: OperationView, before: string): Promise<string> {
  const { workers } = await client.ask<PoolView>('GET', poolPath(operation.pool));
  const now = stateCounts(workers);
  if (now !== before) process.stderr.write(`${operation.action} ${escapeControls(operation.target)}: ${now}\n`);
  return now;
}

function stateCounts(workers: readonly WorkerView[]): string {
  const counts = new Map<string, number>();
  let inFlight = 0;
  for (const worker of workers) {
    counts.set(worker.state, (counts.get(worker.state) ?? 0) + 1);
    inFlight += worker.inFlight;
  }
  const states = [...counts].map(([state, count]) => `${count} ${state}`);
  return states.length === 0 ? 'no worker' : `${states.join(', ')}; ${inFlight} requests in flight`;
}

export function resultLine({ action, target, error, file, startedAtMs, endedAtMs }: OperationView): string {
  const took = `${((endedAtMs - startedAtMs) / 1_000).toFixed(1)} s`;
  const what = `${action} ${target}`;
  if (error === null) return escapeControls(file === '' ? `${what}: done in ${took}` : `${what}: ${file}`);
  const remedy = error.remedy === '' ? '' : ` - ${error.remedy}`;
  return escapeControls(`${what}: failed after ${took}: ${error.message}${remedy}`);
}

function poolPath(name: string): string {
  return `/api/v1/pools/${encodeURIComponent(name)}`;
}

export function open({
  admin = null,
  config = null,
}: {
  admin?: string | null;
  config?: string | null;
}): Promise<AdminClient> {
  return AdminClient.open({ admin, config });
}

export function print({ json }: AdminFlags, value: unknown, table: () => string): number {
  process.stdout.write(`${json === true ? printableJson(value, 2) : table()}\n`);
  return exitCode.ok;
}
