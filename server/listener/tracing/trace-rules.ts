import type { TraceRule } from '../../../config/model.js';
import type { RequestTrace } from '../../../pools/protocol/request-trace.js';

export interface Ending {
  readonly path: string;
  readonly status: number;
  readonly subStatus: number;
  readonly timeTakenMs: number;
}

/** Why the request is traced; null = no rule is for it. */
export function failureOf(rules: readonly TraceRule[], ending: Ending): RequestTrace['failureReason'] | null {
  const code = ending.status * 1_000 + ending.subStatus;
  for (const { path, codes, timeTakenMs } of rules) {
    const isStatus = codes.some(([from, to]) => code >= from && code <= to);
    const isSlow = timeTakenMs > 0 && ending.timeTakenMs >= timeTakenMs;
    if ((isStatus || isSlow) && isPathOf(path, ending.path.toLowerCase()))
      return isStatus ? 'STATUS_CODE' : 'TIME_TAKEN';
  }
  return null;
}

/** What follows the path of the application, with its slash. */
export function pathBelow(applicationPath: string, path: string): string {
  if (applicationPath === '/') return path;
  const isBelow = path.toLowerCase().startsWith(applicationPath.toLowerCase());
  // Written otherwise (percent signs): the end of the path decides as well.
  return isBelow ? path.slice(applicationPath.length) : path;
}

/** `*` stands for any characters. Time is bounded by the length of both: nothing is tried twice. */
export function isPathOf(pattern: string, path: string): boolean {
  const pieces = pattern.split('*');
  const first = pieces[0] ?? '';
  if (pieces.length === 1) return path === pattern;
  if (!path.startsWith(first)) return false;
  const last = pieces.at(-1) ?? '';
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = path.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return path.length - last.length >= at && path.endsWith(last);
}
