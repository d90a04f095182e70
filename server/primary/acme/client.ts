/** The protocol with one authority (RFC 8555 6 and 7.1): directory, nonces, signed calls, problems. */
import { escapeControls, shorten } from '../../../config/base/diagnostics.js';
import { acmeNonceAttemptsMax, workerNoteCharsMax } from '../../../config/base/limits.js';
import type { AccountKey } from './account-key.js';
import type { HttpsAnswer, HttpsCall } from './https-call.js';

export interface AcmeClientOptions {
  readonly directory: string;
  readonly email: string;
  /** PEM; '' = the authorities that Node knows. */
  readonly authorities: string;
  readonly key: AccountKey;
  readonly call: (call: HttpsCall) => Promise<HttpsAnswer>;
  wallMs(): number;
}

export interface AcmeAnswer {
  /** Parsed JSON; {} where there is none. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly location: string;
  /** 0 = the authority does not say. */
  readonly retryAfterMs: number;
}

/** The authority says no, or what cannot be understood. `message` is fit for logs. */
export class AcmeProblem extends Error {
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs = 0) {
    super(escapeControls(shorten(message, workerNoteCharsMax)));
    this.retryAfterMs = retryAfterMs;
  }
}

const badNonce = 'urn:ietf:params:acme:error:badNonce';
const noAccount = 'urn:ietf:params:acme:error:accountDoesNotExist';
const noncesMax = 16;

type Resource = 'newNonce' | 'newAccount' | 'newOrder';

export class AcmeClient {
  readonly #options: AcmeClientOptions;
  #directory: Readonly<Record<string, unknown>> | null = null;
  #account = '';
  #opening: Promise<void> | null = null;
  readonly #nonces: string[] = [];

  constructor(options: AcmeClientOptions) {
    this.#options = options;
  }

  /** Makes the account known, or finds it by its key (RFC 8555 7.3); once for all orders that begin together. */
  async openAccount(): Promise<void> {
    if (this.#account !== '') return;
    this.#opening ??= this.#askForAccount().finally(() => {
      this.#opening = null;
    });
    await this.#opening;
  }

  async #askForAccount(): Promise<void> {
    const { email } = this.#options;
    const contact = email === '' ? {} : { contact: [`mailto:${email}`] };
    const url = await this.#resource('newAccount');
    const { location } = await this.post(url, { termsOfServiceAgreed: true, ...contact });
    if (location === '') throw new AcmeProblem('the authority does not name the account');
    this.#account = location;
  }

  async newOrder(name: string): Promise<AcmeAnswer> {
    const order = { identifiers: [{ type: 'dns', value: name }] };
    return this.post(await this.#resource('newOrder'), order);
  }

  /** Signed; null reads (RFC 8555 6.3). A nonce that went stale is replaced (6.5). Throws AcmeProblem. */
  async post(url: string, payload: object | null): Promise<AcmeAnswer> {
    const { key, authorities, call } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      const nonce = this.#nonces.pop() ?? (await this.#freshNonce());
      const body = key.signed({ nonce, url, account: this.#account }, payload);
      const answer = await call({ method: 'POST', url, body, authorities });
      this.#keepNonce(answer);
      if (answer.status >= 200 && answer.status < 300) return this.#read(answer);
      const problem = fieldsOf(answer);
      if (problem['type'] === badNonce && attempt < acmeNonceAttemptsMax) continue;
      if (problem['type'] === noAccount) this.#account = '';
      throw new AcmeProblem(describeProblem(answer.status, problem), this.#retryAfterMs(answer));
    }
  }

  async #resource(name: Resource): Promise<string> {
    const { directory, authorities, call } = this.#options;
    if (this.#directory === null) {
      const answer = await call({ method: 'GET', url: directory, body: '', authorities });
      if (answer.status !== 200) throw new AcmeProblem(`the directory answers ${answer.status}`);
      this.#directory = fieldsOf(answer);
    }
    const url = this.#directory[name];
    if (typeof url === 'string') return url;
    this.#directory = null;
    throw new AcmeProblem(`the directory names no ${name}`);
  }

  async #freshNonce(): Promise<string> {
    const { authorities, call } = this.#options;
    const url = await this.#resource('newNonce');
    this.#keepNonce(await call({ method: 'HEAD', url, body: '', authorities }));
    const nonce = this.#nonces.pop();
    if (nonce === undefined) throw new AcmeProblem('the authority gives no nonce');
    return nonce;
  }

  #keepNonce({ headers }: HttpsAnswer): void {
    const nonce = headers['replay-nonce'];
    if (typeof nonce !== 'string' || !/^[\w-]{1,512}$/.test(nonce)) return;
    this.#nonces.push(nonce);
    if (this.#nonces.length > noncesMax) this.#nonces.shift();
  }

  #read(answer: HttpsAnswer): AcmeAnswer {
    const { location = '' } = answer.headers;
    return { fields: fieldsOf(answer), text: answer.body, location, retryAfterMs: this.#retryAfterMs(answer) };
  }

  /** Seconds or a date (RFC 9110 10.2.3). */
  #retryAfterMs({ headers }: HttpsAnswer): number {
    const written = headers['retry-after'] ?? '';
    if (/^\d{1,9}$/.test(written)) return Number(written) * 1_000;
    const dateMs = Date.parse(written);
    return Number.isNaN(dateMs) ? 0 : Math.max(0, dateMs - this.#options.wallMs());
  }
}

function fieldsOf({ body, headers }: HttpsAnswer): Readonly<Record<string, unknown>> {
  if (!/json/.test(headers['content-type'] ?? '')) return {};
  try {
    const parsed: unknown = JSON.parse(body);
    return isObject(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `unauthorized: the server answered 404` of RFC 7807, or the bare status. */
export function describeProblem(status: number, problem: Readonly<Record<string, unknown>>): string {
  const { type, detail } = problem;
  const kind = typeof type === 'string' ? type.replace('urn:ietf:params:acme:error:', '') : `status ${status}`;
  return typeof detail === 'string' ? `${kind}: ${detail}` : kind;
}
