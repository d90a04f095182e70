/** The characters of an XML file: by its byte order mark, else by what its declaration says (XML 1.0, 4.3.3). */
import { shown } from '../base/units.js';
import { decodeText } from './read-file.js';

/** Names of the declaration, and what decodes them. ISO 8859-1 is read as its superset, as Windows does. */
const oneByte: ReadonlyMap<string, string> = new Map([
  ['iso-8859-1', 'windows-1252'],
  ['latin1', 'windows-1252'],
  ['windows-1252', 'windows-1252'],
]);
const utf8: ReadonlySet<string> = new Set(['', 'utf-8', 'utf8', 'us-ascii', 'ascii']);

export type XmlText =
  | { readonly text: string }
  | { readonly line: number; readonly column: number; readonly message: string; readonly remedy: string };

export function xmlText(bytes: Buffer): XmlText {
  const marked = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const declared = marked ? '' : declaredEncoding(bytes);
  const label = oneByte.get(declared);
  if (label !== undefined) return { text: new TextDecoder(label).decode(bytes) };
  if (!utf8.has(declared)) {
    return {
      line: 1,
      column: 1,
      message: `web.config says that it is ${shown(declared)}, which is not what its bytes are or not read here`,
      remedy: 'save it as UTF-8, and say encoding="utf-8" in its first line',
    };
  }
  const text = decodeText(bytes);
  if (text !== null) return { text };
  return {
    ...badBytes(bytes, marked),
    message: 'web.config is neither UTF-8 nor UTF-16 with a byte order mark',
    remedy: 'save it as UTF-8',
  };
}

function declaredEncoding(bytes: Buffer): string {
  const start = bytes
    .subarray(0, 256)
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '');
  return /^<\?xml\s[^>]*?encoding\s*=\s*["']([^"'>]*)["']/.exec(start)?.[1]?.trim().toLowerCase() ?? '';
}

/** Where the bytes stop being UTF-8. */
function badBytes(bytes: Buffer, marked: boolean): { readonly line: number; readonly column: number } {
  if (marked) return { line: 1, column: 1 };
  let [good, bad] = [0, bytes.length];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (beginsWell(bytes.subarray(0, middle))) good = middle;
    else bad = middle;
  }
  const lines = new TextDecoder().decode(bytes.subarray(0, good), { stream: true }).split('\n');
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

/** A character that is cut at the end is no fault. */
function beginsWell(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
