/** What authorities may ask for now; every change is with every listener before it counts. */
import type { Challenges } from '../../../pools/protocol/primary-to-listener.js';
import type { ChallengeKind } from './order.js';
import { challengeCertificate } from './requests.js';

export class ChallengeBoard {
  readonly #publish: (challenges: Challenges) => Promise<void>;
  readonly #wallMs: () => number;
  readonly #http = new Map<string, string>();
  readonly #tls = new Map<string, Challenges['tls'][string]>();

  /** `publish` resolves when every listener has acknowledged. */
  constructor(publish: (challenges: Challenges) => Promise<void>, wallMs: () => number) {
    this.#publish = publish;
    this.#wallMs = wallMs;
  }

  show(kind: ChallengeKind, name: string, token: string, keyAuthorization: string): Promise<void> {
    if (kind === 'http-01') this.#http.set(token, keyAuthorization);
    else this.#tls.set(name, challengeCertificate(name, keyAuthorization, this.#wallMs()));
    return this.#tell();
  }

  hide(kind: ChallengeKind, name: string, token: string): void {
    const isGone = kind === 'http-01' ? this.#http.delete(token) : this.#tls.delete(name);
    if (isGone) void this.#tell();
  }

  #tell(): Promise<void> {
    return this.#publish({ http: Object.fromEntries(this.#http), tls: Object.fromEntries(this.#tls) });
  }
}
