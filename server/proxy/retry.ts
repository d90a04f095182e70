import { escapeControls } from '../../config/base/diagnostics.js';
import type { CancelTimer } from '../../config/base/clock.js';
import { connectFailuresMax, lostLineCharsMax, lostLinesMax, retryRestMs } from '../../config/base/limits.js';
import type { StoredFailure } from '../../pools/protocol/snapshot.js';
import type { Exchange } from './exchange.js';
import type { LossCause } from './upstream.js';
import type { Worker } from './worker.js';

/** Methods that may be sent again when no body byte was sent (RFC 9110 9.2.2, without what we do not retry). */
const repeatable: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

export interface AfterLoss {
  readonly retry: boolean;
  /** It counts as the one retry that a request has; a worker that never saw the request does not count. */
  readonly counts: boolean;
  readonly failure: StoredFailure;
}

function failure(status: number, subStatus: number, reason: string): StoredFailure {
  return { status, subStatus, reason, title: '', retryAfterSeconds: 0 };
}

const reasons: Readonly<Record<LossCause, StoredFailure>> = {
  refused: failure(502, 3, 'UpstreamRefused'),
  busy: failure(502, 3, 'UpstreamRefused'),
  lost: failure(502, 3, 'UpstreamLost'),
  stale: failure(502, 3, 'UpstreamLost'),
  'app-reset': failure(502, 3, 'UpstreamReset'),
  timeout: failure(504, 0, 'UpstreamTimeout'),
};
const suspectFailure = failure(502, 3, 'SuspectRequest');

/**
 * What becomes of a request whose upstream failed. At most one retry, never after a byte went to the
 * client, nothing is buffered for it: any method when the worker saw nothing, the repeatable ones when no
 * body byte was sent. A line that was in flight at two crashes is not tried again.
 */
export function afterLoss(exchange: Exchange, cause: LossCause, suspect: boolean): AfterLoss {
  const told = exchange.firstByteMs !== 0;
  const replayable = !told && exchange.bodySent === 0;
  if (cause === 'refused') {
    exchange.connectFailures += 1;
    const retry = replayable && exchange.connectFailures < connectFailuresMax;
    return { retry, counts: false, failure: reasons.refused };
  }
  if (cause === 'busy') {
    const waitedMs = exchange.core.clock.monotonicMs() - exchange.startedMs;
    const retry = replayable && waitedMs < (exchange.application?.connectionTimeoutMs ?? 0);
    return { retry, counts: false, failure: reasons.busy };
  }
  const isRetry = cause === 'lost' || cause === 'stale';
  const retry = isRetry && !suspect && replayable && exchange.retries === 0 && repeatable.has(exchange.request.method);
  return { retry, counts: true, failure: suspect ? suspectFailure : reasons[cause] };
}

/** What the worker's receipt says of it. A request that its own application or deadline ended is not lost. */
export function noteLoss(exchange: Exchange, worker: Worker, cause: LossCause, { retry, counts }: AfterLoss): void {
  exchange.trail?.note('lost', exchange.core.clock.monotonicMs(), retry ? `${cause}, tried again` : cause);
  if (cause === 'app-reset' || cause === 'timeout' || (retry && !counts)) return;
  worker.receipt.requestLost(retry, exchange.core.clock.monotonicMs());
}

export const nothingToCancel: CancelTimer = () => undefined;

/**
 * The one retry goes out a moment later: whatever ended the worker may be ending its siblings too, and a
 * dying process still takes connections until its listening socket is closed. By then the broken links and
 * the primary say who is left, and without anybody the request waits for the next start. A new worker ends the
 * rest at once: what has been hit before comes first there.
 */
export function dispatchAgain(exchange: Exchange): CancelTimer {
  const { core, application } = exchange;
  const resting = application?.resting;
  const again = (): void => {
    stop();
    core.dispatch(exchange);
  };
  const cancel = core.clock.setTimer(retryRestMs, again);
  const stop = (): void => {
    cancel();
    resting?.delete(again);
  };
  resting?.add(again);
  return stop;
}

/** Method and target as they stand in obituaries and in the crash list: escaped, of bounded length. */
export function requestLine(exchange: Exchange): string {
  const { method, target } = exchange.request;
  const line = `${method} ${target}`;
  return escapeControls(line.length > lostLineCharsMax ? `${line.slice(0, lostLineCharsMax)}...` : line);
}

/**
 * The worker broke off under this request. A reused connection that was closed before the request arrived
 * accuses nobody, but if the worker is gone a moment later its line belongs into the obituary.
 * @returns true when its line was in flight at an earlier crash too.
 */
export function noteCrash(exchange: Exchange, worker: Worker, cause: LossCause): boolean {
  if (cause !== 'lost' && cause !== 'stale') return false;
  const line = requestLine(exchange);
  const nowMs = exchange.core.clock.monotonicMs();
  worker.forgetStaleLosses(nowMs);
  if (worker.lostLines.length < lostLinesMax) worker.lostLines.push(line);
  const { core, pool } = exchange;
  if (cause === 'stale' || pool === null || worker.isDraining) return false;
  const suspect = pool.crashLines.note(line, worker.workerId, exchange.handedMs, nowMs);
  if (suspect && worker.suspectLines.length < lostLinesMax) worker.suspectLines.push(line);
  core.say({ type: 'crash-line', pool: pool.name, line });
  return suspect;
}

/** An answer came: its line did not crash this worker. */
export function noteAnswered(exchange: Exchange): void {
  const { pool } = exchange;
  if (pool === null || pool.crashLines.isEmpty) return;
  const line = requestLine(exchange);
  if (pool.crashLines.clear(line)) exchange.core.say({ type: 'crash-line-cleared', pool: pool.name, line });
}
