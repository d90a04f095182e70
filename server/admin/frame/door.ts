/** The one door of both transports: tokens of the configuration, sessions, and how often somebody may knock. */
import {
  adminBurstMax,
  adminChangesBurstMax,
  adminChangesPerSecond,
  adminFailuresBurstMax,
  adminFailuresPerSecond,
  adminRequestsPerSecond,
  eventStreamsMax,
  logStreamsMax,
} from '../../../config/base/admin-limits.js';
import type { Clock } from '../../../config/base/clock.js';
import type { Logger } from '../../../config/base/logger.js';
import type { AdminConfig, AdminTokenConfig } from '../../../config/model.js';
import { type AdminCaller, isOwner } from './caller.js';
import { tooManyStreams } from './errors.js';
import { Places } from './places.js';
import { RateLimit } from './rate-limit.js';
import { RefusalRecords } from './refusal-records.js';
import { hashOf, sameHash } from './secrets.js';
import { Sessions, type Subject } from './sessions.js';

export interface DoorOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** As it serves now: tokens come and go without a restart. */
  readonly settings: () => AdminConfig;
}

export class Door {
  readonly clock: Clock;
  readonly log: Logger;
  readonly sessions: Sessions;
  readonly refusals: RefusalRecords;
  readonly eventPlaces = new Places(eventStreamsMax, tooManyStreams);
  readonly logPlaces = new Places(logStreamsMax, tooManyStreams);
  /** `http://127.0.0.1:9900`, once it listens; '' = not on TCP. */
  origin = '';
  readonly #settings: () => AdminConfig;
  readonly #requests: RateLimit;
  readonly #failures: RateLimit;
  readonly #changes: RateLimit;

  constructor({ clock, log, settings }: DoorOptions) {
    this.clock = clock;
    this.log = log;
    this.#settings = settings;
    this.sessions = new Sessions(clock);
    this.refusals = new RefusalRecords(clock);
    this.#requests = new RateLimit(clock, adminBurstMax, adminRequestsPerSecond);
    this.#failures = new RateLimit(clock, adminFailuresBurstMax, adminFailuresPerSecond);
    this.#changes = new RateLimit(clock, adminChangesBurstMax, adminChangesPerSecond);
  }

  get settings(): AdminConfig {
    return this.#settings();
  }

  /** Who the token is for, now and later; null = nobody. Every token is compared, whichever fits. */
  subjectOf(token: string): Subject | null {
    const hash = hashOf(token);
    let found: AdminTokenConfig | null = null;
    for (const one of this.settings.tokens) if (sameHash(one.hash, hash)) found = one;
    return found === null ? null : () => this.#callerOf(hash);
  }

  isMetricsToken(token: string): boolean {
    const { metricsTokenHash } = this.settings;
    return metricsTokenHash !== '' && sameHash(metricsTokenHash, hashOf(token));
  }

  /** false: too often; whoever brought the right thing is asked by name, so that others cannot lock them out. */
  mayAsk(name: string): boolean {
    return this.#requests.take(name);
  }

  /** One more change that will be recorded. An admin of all pools may ask for as many as they like. */
  mayChange(caller: AdminCaller): boolean {
    return isOwner(caller) || this.#changes.take(caller.name);
  }

  /** One more session for whoever it is: admins too, since old sessions give way to new ones. */
  maySignIn({ name }: AdminCaller): boolean {
    return this.#changes.take(name);
  }

  /** One more request from there that brought nothing or something wrong. false: too many. */
  mayFail(address: string): boolean {
    return this.#failures.take(address);
  }

  #callerOf(hash: string): AdminCaller | null {
    const token = this.settings.tokens.find((one) => one.hash === hash);
    if (token === undefined) return null;
    return { name: token.name, role: token.role, pools: token.pools, via: 'token', address: '' };
  }
}
