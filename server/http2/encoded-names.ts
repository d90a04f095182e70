// HOT: measured by test/bench/http2.bench.ts
import { http2NamesKept } from '../../config/base/limits.js';
import { staticNames } from './static-table.js';

/** A field name as it is written to peers. */
export interface EncodedName {
  /** Lower case (RFC 9113 8.2). */
  readonly name: string;
  /** Index in the static table, 0 = none. */
  readonly staticIndex: number;
  /** Secret (RFC 7541 7.1.3): never enters a table, here or further on. */
  readonly isSecret: boolean;
  /** Its values rarely repeat: it enters the table only when one does. */
  readonly isVolatile: boolean;
  /** One of the names that are kept, so that encoders may remember it. */
  readonly isKept: boolean;
}

const secret: ReadonlySet<string> = new Set(['set-cookie', 'cookie', 'authorization', 'proxy-authorization']);
/** Whatever its sender thought of it. */
export function isSecretName(name: string): boolean {
  return secret.has(name);
}

const volatileNames: ReadonlySet<string> = new Set([
  ':path',
  'age',
  'content-length',
  'content-range',
  'etag',
  'last-modified',
  'location',
]);

const bySpelling = new Map<string, EncodedName>();
const byName = new Map<string, EncodedName>();

/** Usual names are always among the kept ones, whatever the workers send first. */
const usual = [
  'x-powered-by',
  'content-security-policy',
  'x-content-type-options',
  'x-frame-options',
  'connection',
  'keep-alive',
];

/** The name for a spelling of a worker; common spellings are remembered, at most `http2NamesKept`. */
export function encodedName(spelling: string): EncodedName {
  return bySpelling.get(spelling) ?? remember(spelling);
}

function remember(spelling: string): EncodedName {
  const lower = spelling.toLowerCase();
  const isKept = bySpelling.size < http2NamesKept;
  const known = byName.get(lower) ?? {
    name: lower,
    staticIndex: staticNames.get(lower) ?? 0,
    isSecret: secret.has(lower),
    isVolatile: volatileNames.has(lower),
    isKept,
  };
  if (!isKept) return known;
  byName.set(lower, known);
  bySpelling.set(spelling, known);
  return known;
}

for (const name of [...staticNames.keys(), ...usual]) {
  remember(name);
  remember(name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase()));
}
remember('ETag');
remember('WWW-Authenticate');
