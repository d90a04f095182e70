/** What authorities may ask for now; every change is with every listener before it counts. */
import type { Challenges } from '../../../pools/protocol/primary-to-listener.js';
import type { ChallengeKind } from './order.js';
import { challengeCertificate } from './requests.js';

interface Shown {
  readonly kind: ChallengeKind;
  readonly name: string;
  readonly token: string;
  readonly keyAuthorization: string;
  /** For a handshake; null = over http. */
  readonly certificate: Challenges['tls'][string] | null;
}

export class ChallengeBoard {
  readonly #publish: (challenges: Challenges) => Promise<void>;
  readonly #wallMs: () => number;
  /** The oldest first. Two orders for a name, or an authority that repeats a token, do not take from one another. */
  readonly #shown: Shown[] = [];

  /** `publish` resolves when every listener has acknowledged. */
  constructor(publish: (challenges: Challenges) => Promise<void>, wallMs: () => number) {
    this.#publish = publish;
    this.#wallMs = wallMs;
  }

  show(kind: ChallengeKind, name: string, token: string, keyAuthorization: string): Promise<void> {
    const certificate = kind === 'http-01' ? null : challengeCertificate(name, keyAuthorization, this.#wallMs());
    this.#shown.push({ kind, name, token, keyAuthorization, certificate });
    return this.#tell();
  }

  /** One that was shown with these. */
  hide(kind: ChallengeKind, name: string, token: string): void {
    const at = this.#shown.findIndex((one) => one.kind === kind && one.name === name && one.token === token);
    if (at < 0) return;
    this.#shown.splice(at, 1);
    void this.#tell();
  }

  /** Of several for one name the newest, as a handshake has room for one. */
  #tell(): Promise<void> {
    const http: Record<string, string> = {};
    const tls: Record<string, Challenges['tls'][string]> = {};
    for (const { name, token, keyAuthorization, certificate } of this.#shown) {
      if (certificate === null) http[token] = keyAuthorization;
      else tls[name] = certificate;
    }
    return this.#publish({ http, tls });
  }
}
