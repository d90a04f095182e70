/**
 * Certificates from an authority: obtained for every host that a binding names, for others when a client asks and
 * the configuration allows it, renewed in time. What fails is tried again ever more seldom, and the certificate
 * before it serves on.
 */
import { acmeGivenUpRestMs, acmeOnDemandFailuresMax } from '../../../config/base/certificate-limits.js';
import type { CancelTimer, Clock } from '../../../config/base/clock.js';
import { messageOf } from '../../../config/base/errors.js';
import {
  acmeHandshakeWaitMs,
  acmeLookIntervalMs,
  acmeNamesMax,
  acmeOrdersAtOnce,
} from '../../../config/base/limits.js';
import type { Logger } from '../../../config/base/logger.js';
import type { AcmeConfig, SiteConfig } from '../../../config/model.js';
import type { OrderView } from '../../admin/control-plane.js';
import type { Issued, ChallengeKind } from './order.js';
import { AcmeProblem } from './client.js';
import { ClientNames } from './client-names.js';
import { renewalDueMs, retryDelayMs } from './schedule.js';
import type { Validity } from './store.js';

export interface IssuerPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1). */
  readonly random: () => number;
  /** For this configuration; asked again when it changes. */
  open(config: AcmeConfig): IssuerBackend;
  /** There is another certificate for this name, stored already. */
  renewed(name: string): void;
  /** Nothing is renewed for this name any more: whoever needs it asks again. */
  forgotten(name: string): void;
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
  /** Where it lies; of another authority until the one of now has issued its own. '' = there is none. */
  file: string;
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
  readonly #clientNames: ClientNames;
  #running = 0;
  #cancelLook: CancelTimer = () => undefined;
  #isOpen = false;

  constructor(ports: IssuerPorts) {
    this.#ports = ports;
    this.#clientNames = new ClientNames(ports.clock);
  }

  /** What was renewed until now is renewed further, as long as it is allowed. */
  configure(config: AcmeConfig | null, sites: readonly SiteConfig[]): void {
    const bindings = sites.flatMap((site) => site.bindings);
    const hosts = bindings.filter(({ tls }) => tls?.certificate.kind === 'acme').map(({ host }) => host);
    this.#hosts = new Set(config === null ? [] : hosts.filter((host) => host !== '' && !host.startsWith('*')));
    this.#hasHttp = bindings.some(({ protocol }) => protocol === 'http');
    const isOther = JSON.stringify(config) !== JSON.stringify(this.#config);
    if (isOther) {
      this.#config = config;
      this.#backend = config === null ? null : this.#ports.open(config);
      this.#clientNames.forgetGivenUp();
    }
    for (const name of this.#entries.keys()) if (!this.#mayHave(name)) this.#drop(name);
    if (isOther) for (const entry of this.#entries.values()) entry.looked = this.#find(entry);
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
    let entry = this.#entries.get(name);
    if (entry === undefined) {
      if (this.#clientNames.isGivenUp(name)) return null;
      const isStored = (await backend.find(name)) !== null;
      if (!this.#mayLearn(name, isStored)) return isStored && this.#mayHave(name) ? backend.fileOf(name) : null;
      entry = this.#entry(name);
    }
    await entry.looked;
    if (entry.validity === null) {
      this.#look();
      await this.#soon(entry.ordering ?? Promise.resolve());
    }
    return entry.validity === null ? null : entry.file;
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

  /** What is stored is renewed; how many names make work that had none before is bounded. */
  #mayLearn(name: string, isStored: boolean): boolean {
    if (this.#entries.has(name)) return true;
    if (!this.#mayHave(name) || this.#entries.size >= acmeNamesMax) return false;
    return isStored || this.#clientNames.mayLearn();
  }

  #giveUp({ name }: Entry): void {
    this.#drop(name);
    this.#clientNames.giveUp(name);
    this.#ports.logger.warn('certificate-given-up', { name, restSeconds: acmeGivenUpRestMs / 1_000 });
  }

  #drop(name: string): void {
    this.#entries.delete(name);
    this.#ports.forgotten(name);
  }

  #entry(name: string): Entry {
    const known = this.#entries.get(name);
    if (known !== undefined) return known;
    const state = { validity: null, file: '', dueMs: Infinity, failures: 0, problem: '' };
    const entry: Entry = { name, ...state, looked: Promise.resolve(), ordering: null };
    this.#entries.set(name, entry);
    entry.looked = this.#find(entry);
    return entry;
  }

  /** Looks for what the authority of now has issued; what another one has issued serves until there is some. */
  async #find(entry: Entry): Promise<void> {
    const backend = this.#backend;
    if (backend === null) return;
    const before = entry.file;
    entry.dueMs = Infinity;
    entry.failures = 0;
    entry.problem = '';
    const validity = await backend.find(entry.name);
    // The configuration has changed again, and is looked at already.
    if (this.#backend !== backend) return;
    if (validity === null) entry.dueMs = 0;
    else this.#take(entry, validity, backend);
    if (validity !== null && before !== '') this.#ports.renewed(entry.name);
    this.#look();
  }

  #take(entry: Entry, validity: Validity, backend: IssuerBackend): void {
    entry.validity = validity;
    entry.file = backend.fileOf(entry.name);
    entry.dueMs = renewalDueMs(validity.notBeforeMs, validity.notAfterMs, this.#ports.random());
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
    const { name } = entry;
    const isWanted = (): boolean => this.#entries.get(name) === entry;
    this.#running += 1;
    const kind = this.#kindFor(entry);
    try {
      // What is wrong with a name costs nothing at the real authority's limits.
      const isFirst = entry.file !== backend.fileOf(name);
      if (this.#config?.rehearsal !== '' && (isFirst || entry.failures > 0)) await backend.issue(name, kind, true);
      const issued = await backend.issue(name, kind, false);
      const validity = await backend.store(name, issued);
      this.#tell(name, validity, kind);
      if (isWanted() && this.#backend === backend) this.#succeed(entry, validity, backend);
      // Whether this is what the configuration of now asks for, the store knows.
      else if (isWanted()) await (entry.looked = this.#find(entry));
    } catch (error) {
      if (isWanted() && this.#backend === backend) this.#fail(entry, error, kind);
    } finally {
      this.#running -= 1;
      entry.ordering = null;
      this.#look();
    }
  }

  #tell(name: string, { notAfterMs }: Validity, challenge: ChallengeKind): void {
    this.#ports.logger.info('certificate-issued', { name, challenge, validTo: new Date(notAfterMs).toISOString() });
    this.#ports.counted('success');
  }

  #succeed(entry: Entry, validity: Validity, backend: IssuerBackend): void {
    entry.failures = 0;
    entry.problem = '';
    this.#take(entry, validity, backend);
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
