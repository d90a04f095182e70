/** Talks to the admin API of a running server: over its unix socket, or by a token at an address. */
import { existsSync } from 'node:fs';
import { request, type RequestOptions } from 'node:http';
import { resolve } from 'node:path';
import { messageOf, SluiceError } from '../../config/base/errors.js';
import { adminAnswerBytesMax, adminRequestLimitMs } from '../../config/base/limits.js';

/** Looked for in this order when neither --admin nor --config is given. */
const usualFiles = ['./sluice.yaml', '/etc/sluice/sluice.yaml'];

/** A token of admin.tokens, for --admin http://HOST:PORT. Not a flag: those are shown to every user of a machine. */
const tokenVariable = 'SLUICE_TOKEN';

export interface AdminTarget {
  /** A path, `unix:PATH` or `http://HOST:PORT`; null = the socket that the configuration names. */
  readonly admin: string | null;
  readonly config: string | null;
}

interface Reply {
  readonly status: number;
  readonly text: string;
}

export class AdminClient {
  readonly #where: RequestOptions;
  readonly #name: string;

  private constructor(where: RequestOptions, name: string) {
    this.#where = where;
    this.#name = name;
  }

  static async open({ admin, config }: AdminTarget): Promise<AdminClient> {
    const place = admin ?? (await configuredSocket(config));
    if (!/^https?:/.test(place)) {
      const socketPath = resolve(place.replace(/^unix:/, ''));
      return new AdminClient({ socketPath }, socketPath);
    }
    const url = URL.canParse(place) ? new URL(place) : null;
    if (url === null || url.protocol !== 'http:') {
      throw new SluiceError('admin-address', `${place} is no http address`, 'give --admin SOCKET or http://HOST:PORT');
    }
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const token = process.env[tokenVariable] ?? '';
    const headers = token === '' ? {} : { authorization: `Bearer ${token}` };
    return new AdminClient({ host, port: url.port === '' ? 80 : url.port, headers }, url.origin);
  }

  /** The parsed answer. Throws what the server says against it, or that it cannot be reached. */
  async ask<T>(method: 'GET' | 'POST', path: string): Promise<T> {
    const { status, text } = await this.#send(method, path);
    if (status >= 200 && status < 300) return JSON.parse(text) as T;
    throw refusal(status, text);
  }

  #send(method: string, path: string): Promise<Reply> {
    return new Promise((done, fail) => {
      const unreachable = (error: unknown): void => {
        const remedy = 'is the server running, and may this user open it? --admin names another place';
        fail(new SluiceError('admin-unreachable', `${this.#name}: ${messageOf(error)}`, remedy));
      };
      const asked = request({ ...this.#where, path, method, timeout: adminRequestLimitMs }, (answer) => {
        const chunks: Buffer[] = [];
        let size = 0;
        answer.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > adminAnswerBytesMax) asked.destroy(new Error('the answer is too long'));
          else chunks.push(chunk);
        });
        answer.once('error', unreachable);
        answer.once('end', () => done({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      });
      asked.once('timeout', () => asked.destroy(new Error(`no answer within ${adminRequestLimitMs} ms`)));
      asked.once('error', unreachable);
      asked.end();
    });
  }
}

function refusal(status: number, text: string): SluiceError {
  try {
    const { error } = JSON.parse(text) as { error: { code: string; message: string; remedy: string } };
    return new SluiceError(error.code, error.message, error.remedy);
  } catch {
    return new SluiceError('admin-refused', `the server answered ${status}: ${text.trim().slice(0, 200)}`);
  }
}

/** The configuration is only loaded when nobody named the socket. */
async function configuredSocket(file: string | null): Promise<string> {
  const path = file ?? usualFiles.find((candidate) => existsSync(candidate));
  const remedy = 'name the server with --admin SOCKET-OR-URL or --config FILE';
  if (path === undefined) {
    throw new SluiceError('admin-unknown', `there is neither ${usualFiles.join(' nor ')}`, remedy);
  }
  const { loadConfig } = await import('../../config/compile/compile.js');
  const { config } = await loadConfig(resolve(path), { environment: process.env });
  if (config === null) throw new SluiceError('admin-unknown', `${path} is not valid: see \`sluice check\``, remedy);
  return config.server.admin.socket;
}
