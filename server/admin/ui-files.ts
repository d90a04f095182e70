/**
 * The dashboard's files, as the build laid them beside this one: modules for the browser, styles, one page, one icon.
 * They are read once, when the first of them is asked for; only what was found then is ever answered, so a path from a
 * client is compared and never opened.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

interface UiFile {
  readonly type: string;
  readonly content: Buffer;
  readonly tag: string;
}

const folder = fileURLToPath(new URL('../ui/', import.meta.url));

/** What stands there says nothing about this server, so nobody has to sign in for it. */
export function addUi(app: FastifyInstance): void {
  let files: ReadonlyMap<string, UiFile> | null = null;
  const answer = (request: FastifyRequest, reply: FastifyReply, name: string): FastifyReply => {
    files ??= readFiles();
    const file = files.get(name);
    if (file === undefined) {
      reply.callNotFound();
      return reply;
    }
    void reply.header('cache-control', 'no-cache').header('etag', file.tag);
    if (request.headers['if-none-match'] === file.tag) return reply.code(304).send();
    return reply.type(file.type).send(file.content);
  };
  app.get('/ui', (_request, reply) => reply.redirect('/ui/', 302));
  app.get<{ Params: { '*': string } }>('/ui/*', (request, reply) => {
    const { '*': name } = request.params;
    return answer(request, reply, name === '' ? 'index.html' : name);
  });
}

function readFiles(): ReadonlyMap<string, UiFile> {
  const found = new Map<string, UiFile>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const type = types[extname(entry.name)];
    if (type === undefined || !entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const content = readFileSync(path);
    const tag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
    found.set(relative(folder, path).split(sep).join('/'), { type, content, tag });
  }
  return found;
}
