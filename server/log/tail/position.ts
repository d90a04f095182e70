/**
 * Where a follower of logs stands, as text: clients name it in Last-Event-ID to go on there, so it comes back from
 * strangers. All that it can do is to choose how much of the end of a log is shown that they may read anyway.
 */

/** Of a file: its inode, and bytes before the line that is next. Of a worker: its pid, and bytes of its output. */
export interface LogPosition {
  readonly key: number;
  readonly at: number;
}

export type LogPositions = ReadonlyMap<string, number>;

const one = /^(\d{1,20})\.(\d{1,15})$/;
const charsMax = 4_096;

/** `inode.bytes`, of several files with `-` between. */
export function positionText(positions: readonly LogPosition[]): string {
  return positions.map(({ key, at }) => `${key}.${at}`).join('-');
}

/** null = it is none of ours. */
export function readPosition(text: string): LogPositions | null {
  if (text === '' || text.length > charsMax) return null;
  const found = new Map<string, number>();
  for (const part of text.split('-')) {
    const [, key, at] = one.exec(part) ?? [];
    if (key === undefined || at === undefined) return null;
    found.set(key, Number(at));
  }
  return found;
}
