/**
 * Entry of the thread that reads the configuration: tenants write the web.config files, so they are
 * parsed outside the primary's own thread and heap.
 */
import { parentPort } from 'node:worker_threads';
import { configHistoryFilesMax } from '../../config/base/config-history-limits.js';
import { messageOf } from '../../config/base/errors.js';
import { configThreadStaysFrom } from '../../config/base/limits.js';
import { storeLastGood } from '../../config/change/last-good.js';
import { patchOf } from '../../config/change/patch.js';
import { loadConfig } from '../../config/compile/compile.js';
import { LoadMemory } from '../../config/compile/memory.js';
import type { OpenedDocument } from '../../config/compile/open-document.js';
import type { CompiledConfig } from '../../config/model.js';
import type { LoaderAnswer, LoaderOrder, LoadRequest, ServedDocument } from './config-loader.js';

/** The newest, the one that serves, and one that was refused meanwhile. */
const documentsKept = 3;

const memory = new LoadMemory();
const documents = new Map<number, OpenedDocument>();
let loads = 0;
let sent: CompiledConfig | null = null;

async function load({ path, document, ...options }: LoadRequest): Promise<LoaderAnswer> {
  const known = documentOf(document);
  // A document that this thread does not have: its files are read again.
  const result = await loadConfig(path, {
    environment: process.env,
    ...options,
    memory,
    ...(known === null ? {} : { document: known }),
  });
  const { config, document: loaded, ...rest } = result;
  const stays = config === null ? sent !== null : config.sites.length + config.pools.length >= configThreadStaysFrom;
  const patch = config === null ? null : patchOf(sent, config);
  if (stays && config !== null) sent = config;
  const told = stays && loaded !== undefined ? remember(loaded) : loaded;
  return { kind: 'loaded', result: { ...rest, ...(told === undefined ? {} : { document: told }) }, patch, stays };
}

function documentOf(document: ServedDocument | undefined): OpenedDocument | null {
  if (document === undefined) return null;
  if (!('number' in document)) return document;
  const known = documents.get(document.number) ?? null;
  for (const number of documents.keys()) if (number !== document.number) documents.delete(number);
  return known;
}

function remember(document: OpenedDocument): ServedDocument {
  const { alone } = document;
  const parts = document.parts.length > configHistoryFilesMax ? null : document.parts;
  for (const [number, known] of documents) if (known === document) return { number, alone, parts };
  loads += 1;
  documents.set(loads, document);
  for (const number of documents.keys()) if (documents.size > documentsKept) documents.delete(number);
  return { number: loads, alone, parts };
}

async function store(version: string): Promise<LoaderAnswer> {
  try {
    if (sent?.version === version) await storeLastGood(sent);
    return { kind: 'stored', error: '' };
  } catch (error) {
    return { kind: 'stored', error: messageOf(error) };
  }
}

parentPort?.on('message', (order: LoaderOrder) => {
  void (order.kind === 'load' ? load(order.request) : store(order.version)).then((answer) =>
    parentPort?.postMessage(answer),
  );
});
