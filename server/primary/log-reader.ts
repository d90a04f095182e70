/** Shows what logs say: their last lines, and what is added while somebody follows. */
import { join } from 'node:path';
import type { Clock } from '../../config/base/clock.js';
import { SluiceError } from '../../config/base/errors.js';
import { logTailLinesMax, logTailPollMs, logTailReadBytesMax } from '../../config/base/log-limits.js';
import type { CompiledConfig } from '../../config/model.js';
import type { OutputTaps } from '../../pools/runtimes/output-taps.js';
import { outputFileOf } from '../../pools/runtimes/runtime-parts.js';
import type { LogFollower, LogLine, LogQuery, LogReader, OpenedLog } from '../admin/log-views.js';
import { FileTail } from '../log/tail/file-tail.js';
import { LineSplitter } from '../log/tail/line-splitter.js';
import { type LogPosition, type LogPositions, positionText, readPosition } from '../log/tail/position.js';
import { logFileAt } from '../log/log-names.js';
import { centralLog, siteLog } from './log-targets.js';

export interface LogReaderParts {
  readonly clock: Clock;
  readonly taps: OutputTaps;
  currentConfig(): CompiledConfig | null;
}

interface LogFile {
  readonly path: () => string;
  /** Of output only. */
  readonly application?: string;
}

/** Of one file or worker. */
interface OpenedPart extends Pick<OpenedLog, 'last' | 'close'> {
  position(): LogPosition | null;
}

interface PartFollower extends Pick<LogFollower, 'line' | 'skipped'> {
  moved(): void;
}

/** Applications of one pool whose output is followed. */
const followedFilesMax = 64;

export class PrimaryLogReader implements LogReader {
  readonly #parts: LogReaderParts;

  constructor(parts: LogReaderParts) {
    this.#parts = parts;
  }

  async open(query: LogQuery, follower: LogFollower): Promise<OpenedLog> {
    let opened: readonly OpenedPart[] = [];
    const position = (): string => positionText(opened.flatMap((one) => one.position() ?? []));
    const told: PartFollower = { ...follower, moved: () => follower.position(position()) };
    const since = readPosition(query.since);
    opened =
      query.workerId === 0
        ? await Promise.all(this.#filesOf(query).map((file) => this.#openFile(query, since, file, told)))
        : [this.#openWorker(query, since, told)];
    const close = (): void => {
      for (const one of opened) one.close();
    };
    return { last: newest(opened.flatMap((one) => one.last)), position, close };
  }

  async #openFile(
    query: LogQuery,
    since: LogPositions | null,
    { path, application }: LogFile,
    follower: PartFollower,
  ): Promise<OpenedPart> {
    const { source, pool } = query;
    const lineOf = (text: string): LogLine =>
      application === undefined ? { source, text } : { source, pool, application, text };
    const isWanted = (text: string): boolean => application !== undefined || isOfPool(pool, text);
    const followed = {
      path,
      lines: (lines: readonly string[], skipped: number) => {
        if (skipped > 0) follower.skipped(skipped);
        for (const text of lines) if (isWanted(text)) follower.line(lineOf(text));
        follower.moved();
      },
    };
    const { tail, last } = await FileTail.start(this.#parts.clock, followed, logTailLinesMax, since);
    const lines = query.lines === 0 ? [] : last.filter(isWanted).slice(-query.lines);
    return { last: lines.map(lineOf), position: () => tail.position, close: () => tail.close() };
  }

  /** One worker: its last lines from memory, and its output while it comes. */
  #openWorker({ pool, workerId, lines }: LogQuery, since: LogPositions | null, follower: PartFollower): OpenedPart {
    const { taps } = this.#parts;
    const found = taps.recentOf(workerId);
    if (found === null || found.source.pool !== pool) {
      throw new SluiceError(
        'no-such-worker',
        `pool ${pool} has no worker ${workerId}`,
        '`sluice worker list` names them',
      );
    }
    const { source, output } = found;
    const { pid } = source;
    const lineOf = (text: string): LogLine => {
      return { source: 'output', pool, application: source.applicationId, workerId, pid, text };
    };
    const splitter = new LineSplitter();
    const last = splitter.lines(output.textSince(since?.get(String(pid)) ?? 0));
    let untilMs = 0;
    let bytes = 0;
    let skipped = 0;
    const close = taps.listen((from, chunk) => {
      if (from !== source) return;
      const nowMs = this.#parts.clock.monotonicMs();
      if (nowMs >= untilMs) {
        if (skipped > 0) follower.skipped(skipped);
        untilMs = nowMs + logTailPollMs;
        bytes = 0;
        skipped = 0;
      }
      bytes += chunk.length;
      const lines = splitter.lines(Buffer.from(chunk).toString());
      if (bytes > logTailReadBytesMax) skipped += chunk.length;
      else for (const text of lines) follower.line(lineOf(text));
      if (lines.length > 0) follower.moved();
    });
    const shown = since !== null ? last : lines === 0 ? [] : last.slice(-lines);
    return { last: shown.map(lineOf), position: () => ({ key: pid, at: output.lineAt() }), close };
  }

  #filesOf(query: LogQuery): readonly LogFile[] {
    if (query.source !== 'output') return [{ path: this.#fileOf(query) }];
    const { applications, server } = this.#serving();
    return applications
      .filter(({ pool }) => pool === query.pool)
      .slice(0, followedFilesMax)
      .map(({ id }) => ({ path: () => outputFileOf(server.logDir, query.pool, id), application: id }));
  }

  /** Throws when there is no such log. */
  #fileOf({ source, site }: LogQuery): () => string {
    const { clock } = this.#parts;
    if (source === 'server') return () => join(this.#serving().server.logDir, 'sluice.log');
    const target = () => {
      const config = this.#serving();
      const found = site === '' ? undefined : config.sites.find(({ name }) => name === site);
      if (site !== '' && found === undefined) throw new SluiceError('no-such-site', `there is no site ${site}`);
      const own = found === undefined ? undefined : siteLog(config, found);
      return own === undefined ? centralLog(config) : own;
    };
    if (target() === null) {
      throw new SluiceError(
        'no-access-log',
        'this access log is switched off',
        'set accessLog.format or logFile.enabled',
      );
    }
    let last = '';
    return () => {
      const now = target();
      if (now !== null) last = logFileAt(now, clock.wallMs());
      return last;
    };
  }

  #serving(): CompiledConfig {
    const config = this.#parts.currentConfig();
    if (config === null) throw new SluiceError('starting', 'the server is still starting');
    return config;
  }
}

/** As many of the last ones as a client may get at once. */
function newest(lines: readonly LogLine[]): readonly LogLine[] {
  let left = logTailReadBytesMax;
  let first = lines.length;
  while (first > 0 && lines.length - first < logTailLinesMax) {
    left -= lines[first - 1]?.text.length ?? 0;
    if (left < 0) break;
    first -= 1;
  }
  return lines.slice(first);
}

/** Only lines of JSON say which pool they are about. */
function isOfPool(pool: string, text: string): boolean {
  if (pool === '') return true;
  if (!text.startsWith('{')) return false;
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && 'pool' in parsed && parsed.pool === pool;
  } catch {
    return false;
  }
}
