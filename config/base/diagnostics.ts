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

/** Makes text safe for one line of a terminal or log: C0, C1, DEL, U+2028 and U+2029 become \xNN. */
export function escapeControls(text: string): string {
  let out = '';
  for (const ch of text) {
    const code = ch.codePointAt(0) ?? 0;
    const control = code < 0x20 || (code >= 0x7f && code < 0xa0) || code === 0x2028 || code === 0x2029;
    out += control ? `\\x${code.toString(16).padStart(2, '0')}` : ch;
  }
  return out;
}

/** At most `charsMax` characters of the text and, if that is not all, how many are missing. */
export function shorten(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax)} ... (${text.length - charsMax} more)`;
}
