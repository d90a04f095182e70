/**
 * Certificates from an authority: obtained for every host that a binding names, for others when a client asks and
 * the configuration allows it, renewed in time. What fails is tried again ever more seldom, and the certificate
 * before it serves on.
 */
import { acmeGivenUpMax, acmeGivenUpRestMs, acmeOnDemandFailuresMax } from '../../../config/base/certificate-limits.js';
import type { CancelTimer, Clock } from '../../../config/base/clock.js';
import { messageOf } from '../../../config/base/errors.js';
import {
  acmeHandshakeWaitMs,
  acmeLookIntervalMs,
  acmeNamesMax,
  acmeOnDemandPerHour,
  acmeOrdersAtOnce,
} from '../../../config/base/limits.js';
import type { Logger } from '../../../config/base/logger.js';
import type { AcmeConfig, SiteConfig } from '../../../config/model.js';
import type { OrderView } from '../../admin/control-plane.js';
import type { Issued, ChallengeKind } from './order.js';
import { AcmeProblem } from './client.js';
import { renewalDueMs, retryDelayMs } from './schedule.js';
import type { Validity } from './store.js';

export interface IssuerPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1). */
  readonly random: () => number;
  /** For this configuration; asked again when it changes. */
  open(config: AcmeConfig): IssuerBackend;
  /** There is a new certificate, stored already. */
  renewed(name: string): void;
  readonly counted: (result: 'success' | 'failure') => void;
}

/** Where certificates come from and where they lie. */
export interface IssuerBackend {
  /** Throws; AcmeProblem carries what the authority said. */
  issue(name: string, kind: ChallengeKind, isRehearsal: boolean): Promise<Issued>;
  store(name: string, issued: Issued): Promise<Validity>;
  find(name: string): Promise<Validity | null>;
  fileOf(name: string): string;
}

interface Entry {
  readonly name: string;
  validity: Validity | null;
  dueMs: number;
  failures: number;
  problem: string;
  /** Resolves when the stored certificate was looked for. */
  looked: Promise<void>;
  ordering: Promise<void> | null;
}

export class Issuer {
  readonly #ports: IssuerPorts;
  #config: AcmeConfig | null = null;
  #backend: IssuerBackend | null = null;
  #hasHttp = false;
  /** Hosts that bindings name. */
  #hosts: ReadonlySet<string> = new Set();
  readonly #entries = new Map<string, Entry>();
  /** Names of clients that no certificate could be had for: until when, of the monotonic clock. The oldest first. */
  readonly #givenUp = new Map<string, number>();
  #running = 0;
  #onDemand = { sinceMs: 0, count: 0 };
  #cancelLook: CancelTimer = () => undefined;
  #isOpen = false;

  constructor(ports: IssuerPorts) {
    this.#ports = ports;
  }

  configure(config: AcmeConfig | null, sites: readonly SiteConfig[]): void {
    const bindings = sites.flatMap((site) => site.bindings);
    const hosts = bindings.filter(({ tls }) => tls?.certificate.kind === 'acme').map(({ host }) => host);
    this.#hosts = new Set(config === null ? [] : hosts.filter((host) => host !== '' && !host.startsWith('*')));
    this.#hasHttp = bindings.some(({ protocol }) => protocol === 'http');
    if (JSON.stringify(config) !== JSON.stringify(this.#config)) {
      this.#config = config;
      this.#backend = config === null ? null : this.#ports.open(config);
      this.#entries.clear();
      this.#givenUp.clear();
    }
    for (const name of this.#entries.keys()) if (!this.#mayHave(name)) this.#entries.delete(name);
    for (const name of this.#hosts) this.#entry(name);
    this.#look();
  }

  /** Listeners answer from now on: nothing is ordered before. */
  start(): void {
    this.#isOpen = true;
    this.#look();
  }

  /** The file with certificate and key, or null. May wait for an order a little while. */
  async fileFor(name: string): Promise<string | null> {
    const backend = this.#backend;
    if (backend === null || !/^[a-z0-9.-]{1,253}$/.test(name) || !this.#mayHave(name)) return null;
    const known = this.#entries.get(name);
    if (known === undefined && this.#isGivenUp(name)) return null;
    const entry = known ?? (this.#mayLearn() ? this.#entry(name) : null);
    if (entry === null) return (await backend.find(name)) === null ? null : backend.fileOf(name);
    await entry.looked;
    if (entry.validity === null) {
      this.#look();
      await this.#soon(entry.ordering ?? Promise.resolve());
    }
    return entry.validity === null ? null : backend.fileOf(name);
  }

  /** By name. */
  views(): Map<string, OrderView> {
    const views = new Map<string, OrderView>();
    for (const [name, entry] of this.#entries) {
      const { ordering, dueMs, failures, problem } = entry;
      const nextAttemptMs = ordering === null && Number.isFinite(dueMs) ? dueMs : 0;
      views.set(name, { state: stateOf(entry), nextAttemptMs, failures, problem });
    }
    return views;
  }

  close(): void {
    this.#isOpen = false;
    this.#cancelLook();
  }

  #mayHave(name: string): boolean {
    if (this.#hosts.has(name)) return true;
    const allowed = this.#config?.onDemandHosts ?? [];
    const dot = name.indexOf('.');
    return allowed.includes(name) || (dot > 0 && allowed.includes(`*${name.slice(dot)}`));
  }

  /** Names come from clients: how many new ones are listened to within an hour is bounded. */
  #mayLearn(): boolean {
    const nowMs = this.#ports.clock.monotonicMs();
    if (nowMs - this.#onDemand.sinceMs > 3_600_000) this.#onDemand = { sinceMs: nowMs, count: 0 };
    this.#onDemand.count += 1;
    return this.#onDemand.count <= acmeOnDemandPerHour && this.#entries.size < acmeNamesMax;
  }

  #isGivenUp(name: string): boolean {
    return this.#ports.clock.monotonicMs() < (this.#givenUp.get(name) ?? 0);
  }

  /** Whoever points at a name that cannot be had makes work once in a rest, not for ever. */
  #giveUp({ name }: Entry): void {
    this.#entries.delete(name);
    this.#givenUp.delete(name);
    this.#givenUp.set(name, this.#ports.clock.monotonicMs() + acmeGivenUpRestMs);
    if (this.#givenUp.size > acmeGivenUpMax) this.#givenUp.delete(this.#givenUp.keys().next().value ?? '');
    this.#ports.logger.warn('certificate-given-up', { name, restSeconds: acmeGivenUpRestMs / 1_000 });
  }

  #entry(name: string): Entry {
    const known = this.#entries.get(name);
    if (known !== undefined) return known;
    const looked = Promise.resolve();
    const entry: Entry = { name, validity: null, dueMs: Infinity, failures: 0, problem: '', looked, ordering: null };
    this.#entries.set(name, entry);
    entry.looked = (this.#backend?.find(name) ?? Promise.resolve(null)).then((validity) => {
      this.#take(entry, validity);
      this.#look();
    });
    return entry;
  }

  #take(entry: Entry, validity: Validity | null): void {
    entry.validity = validity;
    const { random } = this.#ports;
    entry.dueMs = validity === null ? 0 : renewalDueMs(validity.notBeforeMs, validity.notAfterMs, random());
  }

  /** Begins what is due, as far as there is room, and comes back when the next one is. */
  #look(): void {
    const backend = this.#backend;
    this.#cancelLook();
    if (!this.#isOpen || backend === null) return;
    const nowMs = this.#ports.clock.wallMs();
    let nextMs = nowMs + acmeLookIntervalMs;
    for (const entry of this.#entries.values()) {
      if (entry.ordering !== null) continue;
      if (entry.dueMs > nowMs) nextMs = Math.min(nextMs, entry.dueMs);
      else if (this.#running < acmeOrdersAtOnce) entry.ordering = this.#order(entry, backend);
    }
    this.#cancelLook = this.#ports.clock.setTimer(nextMs - nowMs, () => this.#look());
  }

  async #order(entry: Entry, backend: IssuerBackend): Promise<void> {
    this.#running += 1;
    const kind = this.#kindFor(entry);
    try {
      // What is wrong with a name costs nothing at the real authority's limits.
      const isRehearsed = this.#config?.rehearsal !== '' && (entry.validity === null || entry.failures > 0);
      if (isRehearsed) await backend.issue(entry.name, kind, true);
      const issued = await backend.issue(entry.name, kind, false);
      const validity = await backend.store(entry.name, issued);
      if (this.#entries.get(entry.name) === entry) this.#succeed(entry, validity, kind);
    } catch (error) {
      if (this.#entries.get(entry.name) === entry) this.#fail(entry, error, kind);
    } finally {
      this.#running -= 1;
      entry.ordering = null;
      this.#look();
    }
  }

  #succeed(entry: Entry, validity: Validity, challenge: ChallengeKind): void {
    entry.failures = 0;
    entry.problem = '';
    this.#take(entry, validity);
    const validTo = new Date(validity.notAfterMs).toISOString();
    this.#ports.logger.info('certificate-issued', { name: entry.name, challenge, validTo });
    this.#ports.counted('success');
    this.#ports.renewed(entry.name);
  }

  #fail(entry: Entry, error: unknown, challenge: ChallengeKind): void {
    const { clock, logger, random, counted } = this.#ports;
    const retryAfterMs = error instanceof AcmeProblem ? error.retryAfterMs : 0;
    entry.failures += 1;
    entry.problem = messageOf(error);
    const delayMs = retryDelayMs(entry.failures, random(), retryAfterMs);
    entry.dueMs = clock.wallMs() + delayMs;
    logger.error('certificate-not-issued', {
      name: entry.name,
      challenge,
      problem: entry.problem,
      failures: entry.failures,
      retryInSeconds: Math.round(delayMs / 1_000),
      serves: entry.validity === null ? 'none: handshakes fail' : 'the one before it',
    });
    counted('failure');
    const isServed = entry.validity !== null && entry.validity.notAfterMs > clock.wallMs();
    const isHopeless = entry.failures >= acmeOnDemandFailuresMax && !isServed;
    if (isHopeless && !this.#hosts.has(entry.name)) this.#giveUp(entry);
  }

  /** `auto`: by http where somebody answers it, and every second attempt by TLS. */
  #kindFor({ failures }: Entry): ChallengeKind {
    const challenge = this.#config?.challenge ?? 'auto';
    if (challenge !== 'auto') return challenge;
    return this.#hasHttp && failures % 2 === 0 ? 'http-01' : 'tls-alpn-01';
  }

  /** Resolves with `what`, or when a handshake cannot wait any longer. */
  #soon(what: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#ports.clock.setTimer(acmeHandshakeWaitMs, resolve);
      void what.finally(() => {
        cancel();
        resolve();
      });
    });
  }
}

function stateOf({ ordering, validity, failures }: Entry): OrderView['state'] {
  if (ordering !== null) return 'ordering';
  if (failures > 0) return 'failing';
  return validity === null ? 'waiting' : 'valid';
}
