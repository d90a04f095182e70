/**
 * Sign-in of a browser. A session has two secrets: the cookie, which scripts cannot read, and the page secret, which
 * a page sends in the field `x-sluice-session` with every request. Both are needed: browsers send cookies to every
 * port of a host, an application's too, and to requests that other sites cause; the page secret goes nowhere by itself.
 * Everything is in memory only: a restart signs everybody out.
 */
import {
  loginCodeLimitMs,
  loginCodesMax,
  sessionLimitMs,
  sessionsMax,
  sessionsPerCallerMax,
} from '../../../config/base/admin-limits.js';
import type { Clock } from '../../../config/base/clock.js';
import type { AdminCaller } from './caller.js';
import { hashOf, newSecret, sameHash } from './secrets.js';

/** Who a session or code stands for, asked each time: null = that token is no more. */
export type Subject = () => AdminCaller | null;

interface Code {
  readonly subject: Subject;
  readonly endsAtMs: number;
}

interface Session extends Code {
  /** Name of the caller. */
  readonly owner: string;
  readonly secretHash: string;
}

export interface OpenedSession {
  readonly cookie: string;
  readonly secret: string;
  readonly limitMs: number;
}

export class Sessions {
  readonly #clock: Clock;
  /** By the hash of the code and of the cookie: a look-up tells nothing of them. */
  readonly #codes = new Map<string, Code>();
  readonly #sessions = new Map<string, Session>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Works once, within `loginCodeLimitMs`. */
  newCode(subject: Subject): string {
    const code = newSecret();
    this.#codes.set(hashOf(code), { subject, endsAtMs: this.#clock.monotonicMs() + loginCodeLimitMs });
    keepNewest(this.#codes, loginCodesMax);
    return code;
  }

  redeem(code: string): Subject | null {
    const key = hashOf(code);
    const found = this.#codes.get(key);
    this.#codes.delete(key);
    return found === undefined || found.endsAtMs < this.#clock.monotonicMs() ? null : found.subject;
  }

  /**
   * Always new secrets: what a browser brought before is not looked at. Too many sessions of one `owner` end their own
   * oldest one, never one of somebody else.
   */
  open(subject: Subject, owner: string): OpenedSession {
    const [cookie, secret] = [newSecret(), newSecret()];
    const endsAtMs = this.#clock.monotonicMs() + sessionLimitMs;
    this.#sessions.set(hashOf(cookie), { subject, owner, secretHash: hashOf(secret), endsAtMs });
    const own = [...this.#sessions].filter(([, one]) => one.owner === owner);
    for (const [key] of own.slice(0, Math.max(0, own.length - sessionsPerCallerMax))) this.#sessions.delete(key);
    keepNewest(this.#sessions, sessionsMax);
    return { cookie, secret, limitMs: sessionLimitMs };
  }

  find(cookie: string, secret: string): AdminCaller | null {
    const found = this.#sessions.get(hashOf(cookie));
    if (found === undefined || !sameHash(found.secretHash, hashOf(secret))) return null;
    const caller = found.endsAtMs < this.#clock.monotonicMs() ? null : found.subject();
    if (caller === null) this.#sessions.delete(hashOf(cookie));
    return caller;
  }

  close(cookie: string): void {
    this.#sessions.delete(hashOf(cookie));
  }
}

function keepNewest(map: Map<string, unknown>, most: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= most) return;
    map.delete(oldest);
  }
}
