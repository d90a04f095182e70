import { SluiceError } from '../../config/base/errors.js';

export const exitCode = {
  ok: 0,
  /** A failure at run time, or problems found by `check`. */
  failed: 1,
  usage: 2,
  /** EX_CONFIG of sysexits.h: the start was refused because of the configuration; restarting cannot help. */
  configuration: 78,
} as const;

const configurationErrors: ReadonlySet<string> = new Set([
  'folder-closed',
  'folder-unusable',
  'identity-unknown-user',
  'identity-none-left',
  'identity-needs-root',
  'node-unsupported',
]);

/** A wrong call that commander does not see. */
const usageErrors: ReadonlySet<string> = new Set(['appcmd-not-here', 'bad-option', 'no-terminal']);

export function exitCodeOf(error: unknown): number {
  if (error instanceof SluiceError && usageErrors.has(error.code)) return exitCode.usage;
  return error instanceof SluiceError && configurationErrors.has(error.code) ? exitCode.configuration : exitCode.failed;
}
