/** Drives one order from the account to the certificate, by the table in `order-steps.ts`. */
import { X509Certificate } from 'node:crypto';
import { acmePollMs, acmePollPauseMaxMs, acmePollsMax } from '../../../config/base/limits.js';
import type { AccountKey } from './account-key.js';
import { type AcmeAnswer, type AcmeClient, AcmeProblem, describeProblem, isObject } from './client.js';
import { isPoll, nextStep, type OrderStatus, orderStatuses, type OrderStep } from './order-steps.js';
import { certificateRequest, type CertificateRequest } from './requests.js';

export type ChallengeKind = 'http-01' | 'tls-alpn-01';

export interface OrderPorts {
  readonly client: AcmeClient;
  readonly key: AccountKey;
  /** Resolves when every listener shows it. */
  readonly show: (kind: ChallengeKind, name: string, token: string, keyAuthorization: string) => Promise<void>;
  hide(kind: ChallengeKind, name: string, token: string): void;
  wait(ms: number): Promise<void>;
}

export interface Issued {
  /** PEM: the certificate, then those of its issuers. */
  readonly certificate: string;
  readonly privateKey: string;
}

/** Throws AcmeProblem, or what the network throws. */
export async function runOrder(ports: OrderPorts, name: string, kind: ChallengeKind): Promise<Issued> {
  const order = new Order(ports, name, kind);
  try {
    return await order.run();
  } finally {
    order.end();
  }
}

class Order {
  readonly #ports: OrderPorts;
  readonly #name: string;
  readonly #kind: ChallengeKind;
  #order = '';
  #finalize = '';
  #authorization = '';
  #certificate = '';
  #challenge = { url: '', token: '' };
  #isShown = false;
  #request: CertificateRequest | null = null;
  #chain = '';
  #problem = '';
  #pauseMs = 0;

  constructor(ports: OrderPorts, name: string, kind: ChallengeKind) {
    this.#ports = ports;
    this.#name = name;
    this.#kind = kind;
  }

  async run(): Promise<Issued> {
    let step: OrderStep = 'account';
    for (let polls = 0; step !== 'done'; ) {
      this.#problem = '';
      this.#pauseMs = 0;
      const status = await this.#act(step);
      const next = nextStep(step, status);
      if (next === 'failed') throw new AcmeProblem(this.#problem === '' ? `${step} is ${status}` : this.#problem);
      // What has just been handed in is not over yet.
      if (isPoll(next) && next !== step) await this.#ports.wait(acmePollMs / 4);
      if (next === step) {
        polls += 1;
        if (polls > acmePollsMax) throw new AcmeProblem(`${step} is ${status} after ${polls} looks`);
        if (this.#pauseMs > acmePollPauseMaxMs) throw new AcmeProblem(`${step} is ${status}`, this.#pauseMs);
        await this.#ports.wait(Math.max(acmePollMs, this.#pauseMs));
      }
      step = next;
    }
    return { certificate: this.#chain, privateKey: this.#request?.privateKey ?? '' };
  }

  end(): void {
    if (this.#isShown) this.#ports.hide(this.#kind, this.#name, this.#challenge.token);
  }

  async #act(step: OrderStep): Promise<OrderStatus> {
    const { client } = this.#ports;
    switch (step) {
      case 'account':
        await client.openAccount();
        return 'valid';
      case 'order':
        return this.#takeOrder(await client.newOrder(this.#name));
      case 'authorization':
        return this.#takeAuthorization(await client.post(this.#authorization, null));
      case 'challenge':
        return this.#answerChallenge();
      case 'validation':
        return this.#takeAuthorization(await client.post(this.#authorization, null));
      case 'readiness':
      case 'issuance':
        return this.#takeOrder(await client.post(this.#order, null));
      case 'finalize': {
        this.#request = certificateRequest(this.#name);
        const csr = this.#request.request.toString('base64url');
        return this.#takeOrder(await client.post(this.#finalize, { csr }));
      }
      case 'download':
        return this.#takeChain(await client.post(this.#certificate, null));
      case 'done':
      case 'failed':
        return 'invalid';
    }
  }

  #takeOrder({ fields, location, retryAfterMs }: AcmeAnswer): OrderStatus {
    this.#pauseMs = retryAfterMs;
    // Named by the first answer; later ones may leave it out.
    if (location !== '') this.#order = location;
    this.#finalize = textOf(fields['finalize']) || this.#finalize;
    this.#certificate = textOf(fields['certificate']);
    const authorizations = Array.isArray(fields['authorizations']) ? (fields['authorizations'] as unknown[]) : [];
    this.#authorization = textOf(authorizations[0]) || this.#authorization;
    this.#takeProblem(fields['error']);
    // A certificate that is there already was ordered with a key that we do not have.
    if (textOf(fields['status']) === 'valid' && this.#request === null) {
      this.#problem = 'the authority answers a new order with an old certificate';
      return 'invalid';
    }
    return statusOf(fields);
  }

  #takeAuthorization({ fields, retryAfterMs }: AcmeAnswer): OrderStatus {
    this.#pauseMs = retryAfterMs;
    const challenges = Array.isArray(fields['challenges']) ? (fields['challenges'] as unknown[]) : [];
    for (const challenge of challenges.filter(isObject)) {
      this.#takeProblem(challenge['error']);
      if (challenge['type'] !== this.#kind || this.#challenge.token !== '') continue;
      const token = textOf(challenge['token']);
      // It becomes a part of a path and of a text that we serve (RFC 8555 8.1).
      if (/^[\w-]{22,256}$/.test(token)) this.#challenge = { url: textOf(challenge['url']), token };
    }
    const status = statusOf(fields);
    if (status !== 'pending' || this.#challenge.token !== '') return status;
    this.#problem = `the authority offers no ${this.#kind} for this name`;
    return 'invalid';
  }

  async #answerChallenge(): Promise<OrderStatus> {
    const { client, key, show } = this.#ports;
    const { url, token } = this.#challenge;
    this.#isShown = true;
    await show(this.#kind, this.#name, token, key.authorization(token));
    const { fields } = await client.post(url, {});
    this.#takeProblem(fields['error']);
    return statusOf(fields);
  }

  #takeChain({ text }: AcmeAnswer): OrderStatus {
    const blocks = text.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g) ?? [];
    this.#chain = `${blocks.join('\n')}\n`;
    try {
      if (new X509Certificate(this.#chain).checkHost(this.#name) !== undefined) return 'valid';
      this.#problem = 'the certificate is for another name';
    } catch {
      this.#problem = 'what came is no certificate';
    }
    return 'invalid';
  }

  #takeProblem(problem: unknown): void {
    if (isObject(problem)) this.#problem = describeProblem(0, problem);
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function statusOf(fields: Readonly<Record<string, unknown>>): OrderStatus {
  return orderStatuses.find((one) => one === fields['status']) ?? 'invalid';
}
