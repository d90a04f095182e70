/** Figures and times for people: short, and of a width that hardly changes. */
const unknown = '–';

export function count(value: number): string {
  if (!Number.isFinite(value)) return unknown;
  if (Math.abs(value) >= 1e6) return `${(value / 1e6).toFixed(1)} M`;
  if (Math.abs(value) >= 1e4) return `${(value / 1e3).toFixed(1)} k`;
  return String(Math.round(value));
}

export function rate(perSecond: number): string {
  if (!Number.isFinite(perSecond)) return unknown;
  if (perSecond >= 1e4) return `${(perSecond / 1e3).toFixed(1)} k`;
  if (perSecond >= 100) return perSecond.toFixed(0);
  return perSecond === 0 ? '0' : perSecond.toFixed(1);
}

export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return unknown;
  if (ms < 1) return ms === 0 ? '0 ms' : '<1 ms';
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1_000) return `${ms.toFixed(0)} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(2)} s`;
  return age(ms);
}

export function bytes(value: number): string {
  if (!Number.isFinite(value) || value === 0) return unknown;
  if (value < 1_048_576) return `${(value / 1_024).toFixed(0)} kB`;
  if (value < 1_073_741_824) return `${(value / 1_048_576).toFixed(value < 104_857_600 ? 1 : 0)} MB`;
  return `${(value / 1_073_741_824).toFixed(2)} GB`;
}

export function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 || hours >= 10 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d`;
}

/** `14:03:22` of today, else with the day. */
export function clockTime(wallMs: number, nowMs: number): string {
  if (wallMs <= 0) return unknown;
  const date = new Date(wallMs);
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  const today = new Date(nowMs).toDateString() === date.toDateString();
  return today ? time : `${day(wallMs)} ${time}`;
}

export function day(wallMs: number): string {
  if (wallMs <= 0) return unknown;
  const date = new Date(wallMs);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export function plural(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
