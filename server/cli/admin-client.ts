/** Talks to the admin API of a running server: over its unix socket, or by a token at an address. */
import { existsSync, readFileSync } from 'node:fs';
import { type IncomingMessage, type OutgoingHttpHeaders, request, type RequestOptions } from 'node:http';
import { join, resolve } from 'node:path';
import { codeOf, messageOf, SluiceError } from '../../config/base/errors.js';
import { adminAnswerBytesMax, adminRequestLimitMs } from '../../config/base/limits.js';
import { defaultFolders } from '../../config/compile/default-folders.js';
import { serverIn } from '../primary/instance-lock.js';

/** Looked for in this order when neither --admin nor --config is given. */
const usualFiles = ['./sluice.yaml', '/etc/sluice/sluice.yaml'];

/** A token of admin.tokens, for an address. Not a flag: those are shown to every user of a machine. */
const tokenVariable = 'SLUICE_TOKEN';
/** A file with nothing but the token, where SLUICE_TOKEN is not set. */
const tokenFileVariable = 'SLUICE_TOKEN_FILE';
/** PEM file: the authorities (or the certificate itself) that an https address is checked against, instead of Node's. */
const authoritiesVariable = 'SLUICE_CA_FILE';
/** Instead of --admin; a container sets it once. */
const placeVariable = 'SLUICE_ADMIN';

export interface AdminTarget {
  /** A path, `unix:PATH`, `http://HOST:PORT` or `https://HOST:PORT`; null = the socket that the configuration names. */
  readonly admin: string | null;
  readonly config: string | null;
}

interface AskOptions {
  readonly body?: object;
  /** Statuses of refusals whose answer says more. */
  readonly told?: readonly number[];
  readonly limitMs?: number;
}

export interface Reply {
  readonly status: number;
  readonly text: string;
}

interface Place extends Pick<RequestOptions, 'socketPath' | 'host' | 'port'> {
  readonly headers?: OutgoingHttpHeaders;
  readonly ca?: string;
}

export class AdminClient {
  readonly #where: Place;
  readonly #name: string;
  readonly #request: typeof request;

  private constructor(where: Place, name: string, send: typeof request = request) {
    this.#where = where;
    this.#name = name;
    this.#request = send;
  }

  static async open({ admin, config }: AdminTarget): Promise<AdminClient> {
    const named = admin ?? (config === null ? process.env[placeVariable] : undefined);
    const place = named ?? (await configuredSocket(config));
    if (!/^https?:/.test(place)) {
      const socketPath = resolve(place.replace(/^unix:/, ''));
      return new AdminClient({ socketPath }, socketPath);
    }
    const url = URL.canParse(place) ? new URL(place) : null;
    if (url === null) {
      const remedy = 'give --admin SOCKET, http://HOST:PORT or https://HOST:PORT';
      throw new SluiceError('admin-address', `${place} is no address`, remedy);
    }
    const token = process.env[tokenVariable] ?? textOfFile(tokenFileVariable).trim();
    const headers = token === '' ? {} : { authorization: `Bearer ${token}` };
    const where = { host: url.hostname.replace(/^\[|\]$/g, ''), headers };
    if (url.protocol === 'http:') return new AdminClient({ ...where, port: url.port || 80 }, url.origin);
    const ca = textOfFile(authoritiesVariable);
    const secure = { ...where, port: url.port || 443, ...(ca === '' ? {} : { ca }) };
    return new AdminClient(secure, url.origin, (await import('node:https')).request);
  }

  /**
   * The parsed answer; also one with a status of `told`. Throws what the server says against it, or that it cannot be
   * reached.
   */
  async ask<T>(method: 'GET' | 'POST', path: string, { body, told = [], limitMs }: AskOptions = {}): Promise<T> {
    const { status, text } = await this.#send(method, path, body === undefined ? null : JSON.stringify(body), limitMs);
    if ((status >= 200 && status < 300) || told.includes(status)) return JSON.parse(text) as T;
    throw refusal(status, text);
  }

  /** For orders that are answered with a status only. Throws as `ask` does. */
  async order(path: string): Promise<void> {
    const { status, text } = await this.#send('POST', path, null);
    if (status < 200 || status > 299) throw refusal(status, text);
  }

  /** Whatever the answer is. Throws when there is none. */
  get(path: string, limitMs?: number): Promise<Reply> {
    return this.#send('GET', path, null, limitMs);
  }

  /** The answer as it comes, for what is long or does not end. Throws what the server says against it. */
  async stream(path: string, headers: OutgoingHttpHeaders = {}): Promise<IncomingMessage> {
    const answer = await this.#begin('GET', path, adminRequestLimitMs, headers);
    if (answer.statusCode === 200) {
      answer.socket.setTimeout(0);
      return answer;
    }
    throw refusal(answer.statusCode ?? 0, await textOf(answer));
  }

  async #send(method: string, path: string, body: string | null, limitMs?: number): Promise<Reply> {
    const answer = await this.#begin(method, path, limitMs ?? adminRequestLimitMs, {}, body);
    try {
      return { status: answer.statusCode ?? 0, text: await textOf(answer) };
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  #begin(
    method: string,
    path: string,
    limitMs: number,
    headers: OutgoingHttpHeaders = {},
    body: string | null = null,
  ): Promise<IncomingMessage> {
    return new Promise((done, fail) => {
      const length = body === null ? 0 : Buffer.byteLength(body);
      const ofBody = body === null ? {} : { 'content-type': 'application/json', 'content-length': length };
      const where = { ...this.#where, headers: { ...this.#where.headers, ...headers, ...ofBody } };
      const asked = this.#request({ ...where, path, method, timeout: limitMs }, done);
      asked.once('timeout', () => asked.destroy(new Error(`no answer within ${limitMs} ms`)));
      asked.once('error', (error) => fail(this.#unreachable(error)));
      asked.end(body ?? undefined);
    });
  }

  #unreachable(error: unknown): SluiceError {
    const isStranger = /CERT|UNABLE_TO/.test(codeOf(error));
    const remedy = isStranger
      ? `name a PEM file with its authority, or the certificate itself, in ${authoritiesVariable}`
      : 'is the server running, and may this user open it? --admin names another place';
    return new SluiceError('admin-unreachable', `${this.#name}: ${messageOf(error)}`, remedy);
  }
}

/** Of the file that the variable names; '' = it is not set. */
function textOfFile(variable: string): string {
  const file = process.env[variable] ?? '';
  if (file === '') return '';
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new SluiceError('admin-address', `${variable}: ${messageOf(error)}`, 'name a file that this user may read');
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > adminAnswerBytesMax) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function refusal(status: number, text: string): SluiceError {
  try {
    const { error } = JSON.parse(text) as { error: { code: string; message: string; remedy: string } };
    return new SluiceError(error.code, error.message, error.remedy);
  } catch {
    return new SluiceError('admin-refused', `the server answered ${status}: ${text.trim().slice(0, 200)}`);
  }
}

/** The configuration that is meant where none is named; null = there is none. */
export function usualFile(): string | null {
  return usualFiles.find((candidate) => existsSync(candidate)) ?? null;
}

/** Of a server that runs with this file and its usual folders: then nothing has to be loaded to find it. */
function usualSocket(file: string): string | null {
  const { runDir } = defaultFolders(file, process.env, process.getuid?.() ?? -1);
  const socket = join(runDir, 'admin.sock');
  return existsSync(socket) && serverIn(runDir) > 0 ? socket : null;
}

/** The configuration is only loaded when nobody named the socket. */
async function configuredSocket(file: string | null): Promise<string> {
  const path = file ?? usualFile();
  const remedy = 'name the server with --admin SOCKET-OR-URL or --config FILE';
  if (path === null) {
    throw new SluiceError('admin-unknown', `there is neither ${usualFiles.join(' nor ')}`, remedy);
  }
  const usual = usualSocket(resolve(path));
  if (usual !== null) return usual;
  const { loadConfig } = await import('../../config/compile/compile.js');
  const { config } = await loadConfig(resolve(path), { environment: process.env });
  if (config === null) throw new SluiceError('admin-unknown', `${path} is not valid: see \`sluice check\``, remedy);
  return config.server.admin.socket;
}
