export type Severity = 'error' | 'warning';

/** One problem in a configuration file, as `sluice check`, the log and the admin API show it. */
export interface Diagnostic {
  readonly severity: Severity;
  /** Stable, kebab-case, never reused: `unknown-key`, `xml-syntax`, `section-not-implemented` ... */
  readonly code: string;
  readonly file: string;
  /** 1-based; 0 = the whole file. */
  readonly line: number;
  /** 1-based; 0 = the whole line. */
  readonly column: number;
  /** Path of the setting, such as `applicationPools[0].processModel.idleTimeout`; '' = none. */
  readonly path: string;
  readonly message: string;
  /** What the reader can do about it; '' = nothing better than the message. */
  readonly remedy: string;
}

/** `file:line:column severity message (path) - remedy`, one line, control characters escaped. */
export function formatDiagnostic(d: Diagnostic): string {
  const place = d.line > 0 ? `${d.file}:${d.line}:${Math.max(1, d.column)}` : d.file;
  const path = d.path === '' ? '' : ` (${d.path})`;
  const remedy = d.remedy === '' ? '' : ` - ${d.remedy}`;
  return escapeControls(`${place}: ${d.severity}: ${d.message}${path}${remedy}`);
}

/** Control characters, line and paragraph separators, and what changes the direction of the text around it. */
const steering = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Makes text safe for one line of a terminal or log: what steers it becomes \xNN. */
export function escapeControls(text: string): string {
  return text.replace(steering, (ch) => `\\x${hexOf(ch, 2)}`);
}

/** JSON that is safe to print and still JSON: what steers a terminal is \uNNNN. Line feeds are those of `indent`. */
export function printableJson(value: unknown, indent = 0): string {
  const text = JSON.stringify(value, null, indent);
  return text.replace(steering, (ch) => (ch === '\n' ? ch : `\\u${hexOf(ch, 4)}`));
}

function hexOf(ch: string, digits: number): string {
  return ch.charCodeAt(0).toString(16).padStart(digits, '0');
}

/** At most `charsMax` characters of the text and, if that is not all, how many are missing. */
export function shorten(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax)} ... (${text.length - charsMax} more)`;
}
