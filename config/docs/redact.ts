/**
 * Secrets of a configuration: the contents of `${file:...}` and the values of settings marked secret.
 * They are compared by content, so that a value derived from one (an argument, a path) is hidden too.
 */
import type { CompiledConfig } from '../model.js';

const shownInstead = '***';
const secretsOf = new WeakMap<CompiledConfig, readonly string[]>();

/** Called once by the compiler; the list never becomes part of the configuration itself. */
export function rememberSecrets(config: CompiledConfig, secrets: ReadonlySet<string>): void {
  secretsOf.set(config, [...secrets]);
}

/** A copy of `config` for people: every secret replaced by `***`. */
export function redact(config: CompiledConfig): CompiledConfig {
  const secrets = new Set(secretsOf.get(config) ?? []);
  return secrets.size === 0 ? config : copy(config, secrets);
}

/** `text` with every secret in it replaced. */
export function hideSecrets(text: string, secrets: ReadonlySet<string>): string {
  let shown = text;
  for (const secret of [...secrets].sort((a, b) => b.length - a.length)) shown = shown.replaceAll(secret, shownInstead);
  return shown;
}

function copy<T>(value: T, secrets: ReadonlySet<string>): T;
function copy(value: unknown, secrets: ReadonlySet<string>): unknown {
  if (typeof value === 'string') return hideSecrets(value, secrets);
  if (Array.isArray(value)) return value.map((item: unknown) => copy(item, secrets));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copy<unknown>(inner, secrets)]));
}
