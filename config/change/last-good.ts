/**
 * The stored copy of the configuration that served last, for `sluice start --last-good`. It holds
 * secrets: the file is readable by its owner only, in the instance's own state folder.
 */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { configFileBytesMax } from '../base/limits.js';
import { decodeText, readBounded } from '../load/read-file.js';
import type { CompiledConfig } from '../model.js';

/** Raised whenever the shape of CompiledConfig changes: a copy of another shape is not used. */
const copyFormat = 3;
const copyBytesMax = 16 * configFileBytesMax;

function copyPath(stateDir: string): string {
  return join(stateDir, 'last-good.json');
}

/** Called when a configuration has been applied. Rejects when the state folder cannot be written. */
export async function storeLastGood(config: CompiledConfig): Promise<void> {
  const path = copyPath(config.server.stateDir);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const next = `${path}.new`;
  await writeFile(next, JSON.stringify({ format: copyFormat, config }), { mode: 0o600 });
  await rename(next, path);
}

/** The copy made for the same configuration file; null when there is none that can be used. */
export async function readLastGood(stateDir: string, file: string): Promise<CompiledConfig | null> {
  const read = await readBounded(copyPath(stateDir), copyBytesMax, false);
  if (read.kind !== 'bytes') return null;
  try {
    const stored: unknown = JSON.parse(decodeText(read.bytes) ?? '');
    return isStoredCopy(stored) && stored.config.file === file ? stored.config : null;
  } catch {
    return null;
  }
}

/** Written by this program into its own folder: the format number stands for the rest of the shape. */
function isStoredCopy(value: unknown): value is { readonly format: number; readonly config: CompiledConfig } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'format' in value &&
    value.format === copyFormat &&
    'config' in value &&
    typeof value.config === 'object'
  );
}
