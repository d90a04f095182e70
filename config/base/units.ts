/** Parsed text, or why it could not be parsed: bad input is a normal outcome here, never a throw. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** The longest time span that IIS settings use (`periodicRestart.time` and others stay far below). */
export const timeSpanMsMax = 10_000 * dayMs;

/** `[d.]hh:mm:ss` (the timeSpan type of IIS configuration) in milliseconds. */
export function parseTimeSpan(text: string): Parsed<number> {
  const match = /^(?:(\d{1,5})\.)?(\d{1,2}):(\d{1,2}):(\d{1,2})$/.exec(text.trim());
  if (match === null) return { ok: false, message: `"${shown(text)}" is not a time span` };
  const [days, hours, minutes, seconds] = [match[1], match[2], match[3], match[4]].map((part) => Number(part ?? 0));
  if (days === undefined || hours === undefined || minutes === undefined || seconds === undefined) {
    return { ok: false, message: `"${shown(text)}" is not a time span` };
  }
  if (hours > 23) return { ok: false, message: `"${shown(text)}" has more than 23 hours; write days as d.hh:mm:ss` };
  if (minutes > 59 || seconds > 59)
    return { ok: false, message: `"${shown(text)}" has more than 59 minutes or seconds` };
  const value = days * dayMs + hours * hourMs + minutes * minuteMs + seconds * secondMs;
  if (value > timeSpanMsMax) return { ok: false, message: `"${shown(text)}" is longer than 10000 days` };
  return { ok: true, value };
}

/** Milliseconds as `[d.]hh:mm:ss`; parts of a second are dropped. */
export function formatTimeSpan(ms: number): string {
  const days = Math.floor(ms / dayMs);
  const clock = [ms % dayMs, ms % hourMs, ms % minuteMs];
  const [hours, minutes, seconds] = [
    Math.floor((clock[0] ?? 0) / hourMs),
    Math.floor((clock[1] ?? 0) / minuteMs),
    Math.floor((clock[2] ?? 0) / secondMs),
  ];
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${days > 0 ? `${days}.` : ''}${two(hours)}:${two(minutes)}:${two(seconds)}`;
}

const sizeFactors: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['B', 1],
  ['KB', 1_024],
  ['MB', 1_024 ** 2],
  ['GB', 1_024 ** 3],
  ['TB', 1_024 ** 4],
]);

/** `268435456`, `256MB`, `1.5 GB`: bytes, with powers of 1024 as Windows and cgroups count them. */
export function parseSize(text: string): Parsed<number> {
  const match = /^(\d{1,16}(?:\.\d{1,6})?) ?([KMGT]?B?)$/i.exec(text.trim());
  const unit = (match?.[2] ?? '').toUpperCase();
  const factor = sizeFactors.get(unit.length === 1 && unit !== 'B' ? `${unit}B` : unit);
  if (match === null || factor === undefined) return { ok: false, message: `"${shown(text)}" is not a size` };
  const value = Math.round(Number(match[1]) * factor);
  if (!Number.isSafeInteger(value)) return { ok: false, message: `"${shown(text)}" is too large` };
  return { ok: true, value };
}

/** An unsigned decimal integer as IIS XML writes it. */
export function parseUint(text: string): Parsed<number> {
  if (!/^\d{1,15}$/.test(text.trim())) return { ok: false, message: `"${shown(text)}" is not a whole number` };
  return { ok: true, value: Number(text.trim()) };
}

/** `true` or `false`, any case, as IIS accepts it. */
export function parseBoolean(text: string): Parsed<boolean> {
  const word = text.trim().toLowerCase();
  if (word === 'true' || word === 'false') return { ok: true, value: word === 'true' };
  return { ok: false, message: `"${shown(text)}" is neither true nor false` };
}

/** At most 60 characters of foreign text, for a message. */
export function shown(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
