/**
 * Keeps the traces of failed requests: one JSON file each in `<logDir>/traces/W3SVC<id>`, named `fr000001.json` as
 * IIS names them; of each site the newest ones stay. Files are written one after another, in the background.
 */
import { mkdir, open, readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../config/base/errors.js';
import { tracesWaitingMax } from '../../config/base/log-limits.js';
import type { Logger } from '../../config/base/logger.js';
import type { CompiledConfig } from '../../config/model.js';
import type { RequestTrace } from '../../pools/protocol/request-trace.js';
import type { PoolView } from '../../pools/supervisor/ports.js';
import type { StoredTrace, TraceReader, TraceSummary } from '../admin/trace-views.js';
import { TraceLists } from './trace-lists.js';

export interface TraceKeeperParts {
  readonly logger: Logger;
  readonly logDir: string;
  currentConfig(): CompiledConfig | null;
  /** null = there is no such pool. */
  viewOf(pool: string): PoolView | null;
}

const fileName = /^fr(\d{6,9})\.json$/;

export class TraceKeeper implements TraceReader {
  readonly #parts: TraceKeeperParts;
  /** Site id -> numbers of its files, ascending. */
  readonly #numbers = new Map<number, number[]>();
  readonly #lists: TraceLists;
  #waiting: RequestTrace[] = [];
  #isWriting = false;
  #dropped = 0;
  #problem = '';

  constructor(parts: TraceKeeperParts) {
    this.#parts = parts;
    this.#lists = new TraceLists(
      (siteId) => this.#numbersIn(siteId),
      (siteId, number) => this.#read(siteId, number),
    );
  }

  keep(trace: RequestTrace): void {
    if (this.#waiting.length >= tracesWaitingMax) this.#dropped += 1;
    else this.#waiting.push(trace);
    if (!this.#isWriting) void this.#writeAll();
  }

  list(site: string, limit: number, mayShow: (pool: string) => boolean): Promise<readonly TraceSummary[]> {
    const sites = (this.#parts.currentConfig()?.sites ?? []).filter(({ name }) => site === '' || name === site);
    return this.#lists.newest(
      sites.map(({ id }) => id),
      limit,
      mayShow,
    );
  }

  async find(site: string, id: number): Promise<StoredTrace | null> {
    const known = this.#parts.currentConfig()?.sites.find(({ name }) => name === site);
    return known === undefined ? null : this.#read(known.id, id);
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    for (let trace = this.#waiting.shift(); trace !== undefined; trace = this.#waiting.shift())
      await this.#write(trace);
    this.#isWriting = false;
    if (this.#dropped === 0) return;
    this.#parts.logger.warn('traces-dropped', { count: this.#dropped, why: 'the disk does not follow' });
    this.#dropped = 0;
  }

  async #write(trace: RequestTrace): Promise<void> {
    const tracing = this.#parts.currentConfig()?.sites.find(({ id }) => id === trace.siteId)?.tracing ?? null;
    if (tracing === null) return;
    const folder = this.#folderOf(trace.siteId);
    try {
      await mkdir(folder, { recursive: true, mode: 0o750 });
      const numbers = await this.#numbersOf(trace.siteId);
      const number = (numbers.at(-1) ?? 0) + 1;
      const file = await open(join(folder, nameOf(number)), 'wx', 0o640);
      try {
        await file.writeFile(textOf(this.#withWorkerStart(trace), tracing.fileBytesMax));
      } finally {
        await file.close();
      }
      this.#lists.forget(trace.siteId, number);
      numbers.push(number);
      for (const old of numbers.splice(0, Math.max(0, numbers.length - tracing.filesMax))) {
        await unlink(join(folder, nameOf(old))).catch(() => undefined);
      }
      this.#note('');
    } catch (error) {
      this.#numbers.delete(trace.siteId);
      this.#note(messageOf(error));
    }
  }

  #withWorkerStart(trace: RequestTrace): RequestTrace {
    if (trace.workerId === 0) return trace;
    const worker = this.#parts.viewOf(trace.pool)?.workers.find(({ workerId }) => workerId === trace.workerId);
    const startedAtMs = worker?.startedAtMs ?? 0;
    const atMs = startedAtMs - trace.startedAtMs;
    if (startedAtMs === 0 || atMs < 0 || atMs > trace.timeTakenMs) return trace;
    const started = { stage: 'worker-started', atMs, detail: `the process of worker ${trace.workerId}` } as const;
    return { ...trace, stages: [...trace.stages, started].sort((a, b) => a.atMs - b.atMs) };
  }

  async #numbersOf(siteId: number): Promise<number[]> {
    const numbers = this.#numbers.get(siteId) ?? (await this.#numbersIn(siteId));
    this.#numbers.set(siteId, numbers);
    return numbers;
  }

  /** Ascending. */
  async #numbersIn(siteId: number): Promise<number[]> {
    const names = await readdir(this.#folderOf(siteId)).catch(() => []);
    const numbers = names.map((name) => Number(fileName.exec(name)?.[1] ?? 0)).filter((number) => number > 0);
    return numbers.sort((a, b) => a - b);
  }

  async #read(siteId: number, number: number): Promise<StoredTrace | null> {
    try {
      const text = await readFile(join(this.#folderOf(siteId), nameOf(number)), 'utf8');
      // Written by this server into a folder that nobody else may write to.
      return { id: number, trace: JSON.parse(text) as RequestTrace };
    } catch {
      return null;
    }
  }

  #folderOf(siteId: number): string {
    return join(this.#parts.logDir, 'traces', `W3SVC${siteId}`);
  }

  #note(problem: string): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    if (problem !== '') this.#parts.logger.warn('trace-not-written', { error: problem });
  }
}

function nameOf(number: number): string {
  return `fr${String(number).padStart(6, '0')}.json`;
}

function textOf(trace: RequestTrace, bytesMax: number): string {
  const text = JSON.stringify(trace, null, 2);
  if (Buffer.byteLength(text) <= bytesMax) return `${text}\n`;
  return `${JSON.stringify({ ...trace, requestFields: [], answerFields: [] }, null, 2)}\n`;
}
