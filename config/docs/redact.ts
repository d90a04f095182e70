/**
 * Secrets of a configuration: the contents of `${file:...}` and the values of settings marked secret.
 * They are compared by content, so that a value derived from one (an argument, a path) is hidden too.
 */
import type { CompiledConfig } from '../model.js';

const shownInstead = '***';
/** Shorter secrets are only hidden where they are the whole value: `a` stands in every word. */
const partLengthMin = 4;

/** A copy of `config` for people, every one of `secrets` (`LoadResult.secrets`) replaced by `***`. */
export function redact(config: CompiledConfig, secrets: Iterable<string>): CompiledConfig {
  const hidden = new Set(secrets);
  return hidden.size === 0 ? config : copy(config, hidden);
}

/** `text` with every secret in it replaced. */
export function hideSecrets(text: string, secrets: ReadonlySet<string>): string {
  if (secrets.has(text)) return shownInstead;
  let shown = text;
  for (const secret of [...secrets].sort((a, b) => b.length - a.length)) {
    if (secret.length >= partLengthMin) shown = shown.replaceAll(secret, shownInstead);
  }
  return shown;
}

function copy<T>(value: T, secrets: ReadonlySet<string>): T;
function copy(value: unknown, secrets: ReadonlySet<string>): unknown {
  if (typeof value === 'string') return hideSecrets(value, secrets);
  if (Array.isArray(value)) return value.map((item: unknown) => copy(item, secrets));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copy<unknown>(inner, secrets)]));
}
