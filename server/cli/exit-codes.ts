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

export function exitCodeOf(error: unknown): number {
  return error instanceof SluiceError && configurationErrors.has(error.code) ? exitCode.configuration : exitCode.failed;
}
