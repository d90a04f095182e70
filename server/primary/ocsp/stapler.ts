/**
 * Answers of responders for certificates that must be shown with one: asked for when the certificate is, anew at
 * half their life, and given away only while they hold. No other certificate is ever asked about.
 */
import type { X509Certificate } from 'node:crypto';
import type { CancelTimer, Clock } from '../../../config/base/clock.js';
import { messageOf } from '../../../config/base/errors.js';
import { ocspRefreshMaxMs, ocspRetryMs, ocspWaitMs } from '../../../config/base/limits.js';
import type { Logger } from '../../../config/base/logger.js';
import { mustStaple, ocspRequest, readOcspAnswer, responderOf } from './messages.js';

export interface StaplerPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** POST; resolves with the body of a 200. Throws. */
  readonly ask: (url: string, question: Buffer) => Promise<Buffer>;
  /** The answer for this certificate is another one now. */
  readonly changed: (fingerprint: string) => void;
}

interface Entry {
  readonly certificate: X509Certificate;
  readonly issuer: X509Certificate;
  readonly url: string;
  /** base64 of DER; '' = none. */
  answer: string;
  /** Wall clock; 0 = there is no answer. */
  untilMs: number;
  first: Promise<void>;
  cancel: CancelTimer;
}

export class Stapler {
  readonly #ports: StaplerPorts;
  /** By the fingerprint of the certificate. */
  readonly #entries = new Map<string, Entry>();

  constructor(ports: StaplerPorts) {
    this.#ports = ports;
  }

  /** Fingerprint of a certificate that must be stapled; '' = it need not, or cannot be, which is told then. */
  needs(certificate: X509Certificate | null, issuer: X509Certificate | null): string {
    if (certificate === null || !mustStaple(certificate)) return '';
    const { fingerprint256 } = certificate;
    if (this.#entries.has(fingerprint256)) return fingerprint256;
    const url = responderOf(certificate);
    if (issuer === null || url === '') {
      const problem = issuer === null ? 'its issuer is not in the file' : 'it names no responder over http';
      this.#ports.logger.error('must-staple-impossible', { subject: certificate.subject, problem });
      return '';
    }
    const first = Promise.resolve();
    const entry: Entry = { certificate, issuer, url, answer: '', untilMs: 0, first, cancel: () => undefined };
    this.#entries.set(fingerprint256, entry);
    entry.first = this.#refresh(fingerprint256, entry);
    return fingerprint256;
  }

  /** base64 of DER, or '' while there is none that holds; the first time it waits a moment. */
  async answer(fingerprint: string): Promise<string> {
    const entry = this.#entries.get(fingerprint);
    if (entry === undefined) return '';
    await new Promise<void>((resolve) => {
      const cancel = this.#ports.clock.setTimer(ocspWaitMs, resolve);
      void entry.first.then(() => {
        cancel();
        resolve();
      });
    });
    return this.now(fingerprint);
  }

  now(fingerprint: string): string {
    const entry = this.#entries.get(fingerprint);
    return entry !== undefined && entry.untilMs > this.#ports.clock.wallMs() ? entry.answer : '';
  }

  /** The others are not asked about any more. */
  keep(fingerprints: ReadonlySet<string>): void {
    for (const [fingerprint, entry] of this.#entries) {
      if (fingerprints.has(fingerprint)) continue;
      entry.cancel();
      this.#entries.delete(fingerprint);
    }
  }

  close(): void {
    this.keep(new Set());
  }

  async #refresh(fingerprint: string, entry: Entry): Promise<void> {
    const { clock, logger, ask, changed } = this.#ports;
    const { certificate, issuer, url } = entry;
    let nextMs = ocspRetryMs;
    try {
      const bytes = await ask(url, ocspRequest(certificate, issuer));
      const { thisUpdateMs, nextUpdateMs } = readOcspAnswer(bytes, certificate, issuer);
      const nowMs = clock.wallMs();
      const untilMs = nextUpdateMs === 0 ? nowMs + 2 * ocspRefreshMaxMs : nextUpdateMs;
      if (untilMs <= nowMs) throw new Error('the answer has ended already');
      nextMs = Math.min(ocspRefreshMaxMs, Math.max((thisUpdateMs + untilMs) / 2, (nowMs + untilMs) / 2) - nowMs);
      entry.answer = bytes.toString('base64');
      entry.untilMs = untilMs;
      logger.info('ocsp-answer', { subject: certificate.subject, until: new Date(untilMs).toISOString() });
    } catch (error) {
      const problem = messageOf(error);
      const serves = entry.untilMs > clock.wallMs() ? 'the answer before it' : 'none: clients refuse the certificate';
      // It may end before the next attempt, and is taken away then.
      nextMs = Math.max(1_000, Math.min(ocspRetryMs, entry.untilMs > 0 ? entry.untilMs - clock.wallMs() : ocspRetryMs));
      logger.error('ocsp-answer-missing', { subject: certificate.subject, responder: url, problem, serves });
    }
    if (this.#entries.get(fingerprint) !== entry) return;
    entry.cancel = clock.setTimer(nextMs, () => void this.#refresh(fingerprint, entry));
    changed(fingerprint);
  }
}
