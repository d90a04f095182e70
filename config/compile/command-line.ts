/** Windows command lines without Windows: splitting, `%NAME%`, backslashes. No shell is ever involved. */
import { expandedValueBytesMax } from '../base/limits.js';
import type { EnvironmentVariable } from '../model.js';

/**
 * The argument rules of CommandLineToArgvW: blanks separate, quotes group, 2n backslashes before a quote
 * are n backslashes, 2n+1 are n and a literal quote, two quotes inside a group are one quote.
 */
export function splitArguments(line: string): readonly string[] {
  const found: string[] = [];
  let current: string | null = null;
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const ch = line[i] ?? '';
    if (ch === '\\') {
      let count = 1;
      while (line[i + count] === '\\') count++;
      const beforeQuote = line[i + count] === '"';
      current = (current ?? '') + '\\'.repeat(beforeQuote ? Math.floor(count / 2) : count);
      if (beforeQuote && count % 2 === 1) {
        current += '"';
        count++;
      }
      i += count - 1;
    } else if (ch === '"') {
      current ??= '';
      if (quoted && line[i + 1] === '"') {
        current += '"';
        i++;
      } else quoted = !quoted;
    } else if (!quoted && (ch === ' ' || ch === '\t' || ch === '\n' || ch === '\r')) {
      if (current !== null) found.push(current);
      current = null;
    } else {
      current = (current ?? '') + ch;
    }
  }
  if (current !== null) found.push(current);
  return found;
}

/** Looks variables up as Windows does: without case. */
export class VariableLookup {
  private readonly byName = new Map<string, string>();

  add(variables: Iterable<EnvironmentVariable>): this {
    for (const { name, value } of variables) this.byName.set(name.toLowerCase(), value);
    return this;
  }

  get(name: string): string | undefined {
    return this.byName.get(name.toLowerCase());
  }

  /** Replaces `%NAME%` once; an undefined name stays as written. A result beyond the cap is cut to the text as written. */
  expand(text: string): string {
    if (!text.includes('%')) return text;
    const expanded = text.replace(/%([^%\s]{1,256})%/g, (whole, name: string) => this.get(name) ?? whole);
    return Buffer.byteLength(expanded) > expandedValueBytesMax ? text : expanded;
  }
}

/** `.\bin\Web.dll` as Linux writes it. */
export function forwardSlashes(text: string): string {
  return text.replaceAll('\\', '/');
}

/** `C:\Program Files\dotnet\dotnet.exe`, `\\server\share`. */
export function isWindowsAbsolute(text: string): boolean {
  return /^[A-Za-z]:[\\/]/.test(text) || text.startsWith('\\\\');
}

/** The first `%NAME%` that no variable has replaced; null = none. */
export function unsetVariable(text: string): string | null {
  return /%([^%\s]{1,256})%/.exec(text)?.[1] ?? null;
}

/**
 * `stdoutLogFile` as Linux writes it. A place that only Windows has (`C:\logs\stdout`, and what Azure's
 * templates write, `\\?\%home%\LogFiles\stdout`) becomes its last part, in the application's folder.
 */
export function logFilePath(text: string): string {
  const path = text.trim().replace(/^\\\\\?\\/, '');
  const turned = forwardSlashes(path);
  if (!isWindowsAbsolute(path) && unsetVariable(path) === null) return turned;
  return turned.split('/').findLast((part) => part !== '' && !part.includes('%') && !part.endsWith(':')) ?? 'stdout';
}

/** The last part of a path of either system, lower case, without `.exe`. */
export function programName(text: string): string {
  const parts = forwardSlashes(text).split('/');
  return (parts[parts.length - 1] ?? '').toLowerCase().replace(/\.exe$/, '');
}
