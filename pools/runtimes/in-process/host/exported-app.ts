/** Apps that export a server or handler instead of listening: looked at when nothing else is left to run. */
import http from 'node:http';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../../../../config/base/errors.js';

type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => void;
interface Listenable {
  listen(options: { port: number }): unknown;
}

export interface ExportOwner {
  readonly envPort: number;
  refused(code: string, text: string): void;
}

/** The entry as Node resolved it: a folder stands for its main file. */
function entryFile(): string {
  const entry = process.argv[1] ?? '';
  // Loaded late: most apps never come here.
  const { createRequire } = process.getBuiltinModule('node:module');
  return createRequire(path.join(entry, 'index.js')).resolve(entry);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function has(value: unknown, name: string): boolean {
  return isObject(value) && typeof value[name] === 'function';
}

/** Listens with whatever the entry exports. The module is the same instance: nothing runs twice. */
export async function listenWithExport(owner: ExportOwner): Promise<void> {
  let namespace: Record<string, unknown>;
  try {
    namespace = (await import(pathToFileURL(entryFile()).href)) as Record<string, unknown>;
  } catch (error) {
    owner.refused('nothing-listens', `The app ended without listening (${messageOf(error)}).`);
    return;
  }
  const exported = namespace['module.exports'] ?? namespace['default'];
  const inner = isObject(exported) && isObject(exported['default']) ? exported['default'] : null;
  for (const candidate of [exported, inner]) {
    if (listenWith(candidate, owner.envPort)) return;
  }
  const isFetch = has(exported, 'fetch') || has(namespace, 'fetch');
  if (isFetch) {
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

function listenWith(candidate: unknown, port: number): boolean {
  const options = { port };
  if (candidate instanceof http.Server) candidate.listen(options);
  else if (typeof candidate === 'function') http.createServer(candidate as Handler).listen(options);
  else if (has(candidate, 'callback')) {
    const koa = candidate as { callback(): Handler };
    http.createServer(koa.callback()).listen(options);
  } else if (has(candidate, 'ready') && has(candidate, 'listen')) (candidate as Listenable).listen(options);
  else return false;
  return true;
}
