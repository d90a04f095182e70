/** Apps that export a server or handler instead of listening: looked at when nothing else is left to run. */
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../../../../config/base/errors.js';
import { kindOf } from './server-kinds.js';

type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => void;
interface Listenable {
  listen(options: { port: number }): unknown;
}

export interface ExportOwner {
  readonly envPort: number;
  refused(code: string, text: string): void;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function has(value: unknown, name: string): boolean {
  return isObject(value) && typeof value[name] === 'function';
}

/** What the entry exports. The module is the same instance: nothing runs twice. */
async function exportsOfEntry(): Promise<Record<string, unknown>> {
  const entry = process.argv[1] ?? '';
  // Loaded late: most apps never come here.
  const { createRequire } = process.getBuiltinModule('node:module');
  const require = createRequire(path.join(entry, 'index.js'));
  // Absent when the entry is an ES module; then the import below finds it in Node's map of modules.
  const main: unknown = require.main?.exports;
  if (main !== undefined) return { default: main };
  // A folder stands for its main file.
  return (await import(pathToFileURL(require.resolve(entry)).href)) as Record<string, unknown>;
}

/** In the order in which they are tried: the export itself, then what compiled TypeScript calls `default`. */
function candidates(namespace: Record<string, unknown>): unknown[] {
  const exported = namespace['module.exports'] ?? namespace['default'];
  return [exported, isObject(exported) ? exported['default'] : undefined];
}

/** Listens with whatever the entry exports. */
export async function listenWithExport(owner: ExportOwner): Promise<void> {
  let namespace: Record<string, unknown>;
  try {
    namespace = await exportsOfEntry();
  } catch (error) {
    owner.refused('nothing-listens', `The app ended without listening (${messageOf(error)}).`);
    return;
  }
  const listenable = candidates(namespace)
    .map(asListenable)
    .find((one) => one !== null);
  if (listenable !== undefined && listenable !== null) {
    listenable().listen({ port: owner.envPort });
    return;
  }
  if (candidates(namespace).some((one) => has(one, 'fetch')) || has(namespace, 'fetch')) {
    owner.refused(
      'fetch-export',
      'The app exports { fetch }, which Node cannot serve by itself: serve it with @hono/node-server (serve({ fetch, port: process.env.PORT })).',
    );
  } else {
    owner.refused(
      'nothing-listens',
      'The app ended without listening and exports no server, request handler, Koa or Fastify application.',
    );
  }
}

/** True when the entry exports what could be hosted if nothing kept the process from ending. */
export async function hasExport(): Promise<boolean> {
  try {
    return candidates(await exportsOfEntry()).some((one) => asListenable(one) !== null);
  } catch {
    return false;
  }
}

/** How to get something with `listen` from an export; null = it is nothing of the kind. */
function asListenable(candidate: unknown): (() => Listenable) | null {
  // HTTPS servers are no http.Server; what cannot be hosted is told when it listens.
  if (candidate instanceof net.Server && kindOf(candidate) !== 'not-http') return () => candidate;
  if (typeof candidate === 'function') return () => http.createServer(candidate as Handler);
  if (has(candidate, 'callback')) return () => http.createServer((candidate as { callback(): Handler }).callback());
  if (has(candidate, 'ready') && has(candidate, 'listen')) return () => candidate as Listenable;
  return null;
}
