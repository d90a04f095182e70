import { logTailLineCharsMax } from '../../../config/base/log-limits.js';

/** Cuts pieces of a log into lines of bounded length. */
export class LineSplitter {
  #rest = '';

  /** The lines that end in this piece. */
  lines(piece: string): string[] {
    const parts = (this.#rest + piece).split('\n');
    this.#rest = cut(parts.pop() ?? '');
    return parts.map((line) => cut(line.endsWith('\r') ? line.slice(0, -1) : line));
  }
}

function cut(line: string): string {
  if (line.length <= logTailLineCharsMax) return line;
  return line.endsWith('...') && line.length === logTailLineCharsMax + 3
    ? line
    : `${line.slice(0, logTailLineCharsMax)}...`;
}
