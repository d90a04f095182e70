/** The configuration file with its includes, or what stands for it when a folder is served alone. */
import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import type { Diagnostic } from '../base/diagnostics.js';
import { type LoadedDocument, loadDocument } from '../load/document.js';
import { type Environment, placeOfFile } from '../load/expand.js';
import type { FileMemory } from '../load/file-memory.js';
import { diagnosticAt } from '../load/source.js';
import { Sources } from '../load/sources.js';
import { zeroConfigDocument } from './zero-config.js';

/** Plain data, so that it can be kept and given to another thread. Holds secrets. */
export interface OpenedDocument extends LoadedDocument {
  /** A single application without configuration. */
  readonly alone: boolean;
  /** What was read or looked for. */
  readonly files: readonly string[];
  /** Over names and contents of the files. */
  readonly hash: string;
}

/** Never throws for a bad file: `root` is null then. */
export async function openDocument(
  file: string,
  environment: Environment,
  memory: FileMemory,
): Promise<OpenedDocument> {
  const sources = new Sources();
  const opened = await open(file, environment, sources, memory);
  return { ...opened, files: [...sources.files], hash: sources.digest('') };
}

async function open(
  file: string,
  environment: Environment,
  sources: Sources,
  memory: FileMemory,
): Promise<Omit<OpenedDocument, 'files' | 'hash'>> {
  const refuse = (code: string, message: string, remedy: string): ReturnType<typeof open> => {
    const diagnostics: Diagnostic[] = [diagnosticAt(placeOfFile(file), { code, message, remedy })];
    return Promise.resolve({ root: null, alone: false, diagnostics, parts: [] });
  };
  const info = await stat(file).catch(() => null);
  sources.files.add(file);
  if (info === null)
    return refuse(
      'file-missing',
      'there is no such file or folder',
      'name a configuration file or the folder of an application',
    );
  if (info.isDirectory()) return { root: zeroConfigDocument(file), diagnostics: [], alone: true, parts: [] };
  if (!['.yaml', '.yml', '.json'].includes(extname(file).toLowerCase())) {
    return refuse(
      'file-type',
      `${basename(file)} is neither a configuration file nor a folder`,
      'use .yaml, .yml or .json',
    );
  }
  return { ...loadDocument(file, environment, sources, memory), alone: false };
}
