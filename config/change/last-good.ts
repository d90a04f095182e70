/**
 * The stored copy of the configuration that served last, for `sluice start --last-good`. It holds
 * secrets: the file is readable by its owner only, in the instance's own state folder.
 */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { configFileBytesMax } from '../base/limits.js';
import { decodeText, readBounded } from '../load/read-file.js';
import type { CompiledConfig } from '../model.js';
import { replaceFile } from './replace-file.js';

/** Raised whenever the shape of CompiledConfig changes: a copy of another shape is not used. */
const copyFormat = 4;
const copyBytesMax = 64 * configFileBytesMax;
/** Entries that are made text before other work gets a turn. */
const entriesPerTurn = 250;

function copyPath(stateDir: string): string {
  return join(stateDir, 'last-good.json');
}

/**
 * Called when a configuration has been applied, one call at a time. Rejects when the state folder cannot be
 * written; the copy before it is kept then. `written`: the new copy is on the disk, the old one has the name.
 */
export async function storeLastGood(config: CompiledConfig, written?: () => void): Promise<void> {
  const path = copyPath(config.server.stateDir);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await replaceFile(path, copyText(config), 0o600, written);
}

/** JSON in pieces: one of ten thousand sites has tens of megabytes. */
async function* copyText(config: CompiledConfig): AsyncGenerator<string> {
  const { pools, sites, applications, sources, applicationSources, ...rest } = config;
  yield `{"format":${copyFormat},"config":{${JSON.stringify(rest).slice(1, -1)}`;
  for (const [name, list] of Object.entries({ pools, sites, applications, sources, applicationSources })) {
    yield `,${JSON.stringify(name)}:[`;
    for (let from = 0; from < list.length; from += entriesPerTurn) {
      await nextTurn();
      yield (from === 0 ? '' : ',') + JSON.stringify(list.slice(from, from + entriesPerTurn)).slice(1, -1);
    }
    yield ']';
  }
  yield '}}';
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
