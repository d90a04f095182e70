/**
 * Certificates and private keys: read here, where the rights to do so are, and handed to listeners when a client
 * asks for them. Files in use are watched; a good new one goes to every listener, a bad one is named in the log
 * while the one before it serves on.
 */
import { randomBytes } from 'node:crypto';
import type { CancelTimer, Clock } from '../../config/base/clock.js';
import { messageOf } from '../../config/base/errors.js';
import { certificateStoreRestMs } from '../../config/base/certificate-limits.js';
import { certificatesLoadedMax, certificateWatchDelayMs, tlsTicketRotationMs } from '../../config/base/limits.js';
import type { Logger } from '../../config/base/logger.js';
import type { CertificateFiles } from '../../config/load/certificate-files.js';
import type { CompiledConfig, TlsConfig } from '../../config/model.js';
import type { PrimaryToListener } from '../../pools/protocol/primary-to-listener.js';
import type { CertificateMaterial } from '../../pools/protocol/snapshot.js';
import { type CertificateFacts, type CertificateView, ExpiryWarnings, viewOf } from './certificate-views.js';
import { CertificateReader, type Contents, type GoodContents } from './certificate-reader.js';
import { CertificateSources } from './certificate-sources.js';
import { fileLooks } from './file-looks.js';
import { tlsKey } from './routes.js';
import { askResponder } from './ocsp/ask-responder.js';
import { Stapler } from './ocsp/stapler.js';
import { ConfigWatcher } from './watcher.js';

interface CertificatePorts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** To every listener. */
  broadcast(message: PrimaryToListener): void;
  /** The file of a name with `certificate: acme`; null: there is none (yet). */
  issuedFile(name: string): Promise<string | null>;
}

/** One that a listener asked for. */
interface Loaded {
  readonly key: string;
  readonly name: string;
  readonly tls: TlsConfig;
  files: readonly string[];
  /** What the files looked like when they were read. */
  signature: string;
  material: CertificateMaterial | null;
  /** What `material` says of itself; null: nothing is loaded, or it does not show (PKCS #12). */
  facts: CertificateFacts | null;
  /** Fingerprint, when it must be shown with an answer of its responder; else ''. */
  staple: string;
  /** Told already, so that a file that stays bad is not told again. */
  problem: string;
  reading: Promise<void>;
}

interface Problem {
  readonly file: string;
  readonly message: string;
}

export class Certificates {
  readonly #ports: CertificatePorts;
  readonly #watcher: ConfigWatcher;
  readonly #sources: CertificateSources;
  readonly #reader = new CertificateReader();
  /** What the log has told of. */
  readonly #told = new WeakSet<Contents>();
  #configured = new Map<string, TlsConfig>();
  /** In the order in which they were asked for. */
  readonly #loaded = new Map<string, Loaded>();
  readonly #warnings: ExpiryWarnings;
  readonly #stapler: Stapler;
  #secret = newSecret();
  #cancelRotation: CancelTimer = () => undefined;
  /** Whose files are others since the watcher was last told. */
  readonly #unwatched: Loaded[] = [];
  #cancelWatch: CancelTimer | null = null;
  #cancelResolve: CancelTimer | null = null;

  constructor(ports: CertificatePorts) {
    this.#ports = ports;
    this.#watcher = new ConfigWatcher(ports.clock, (files) => this.#look(files));
    this.#sources = new CertificateSources({
      clock: ports.clock,
      issuedFile: (name) => ports.issuedFile(name),
      watchedChanged: () => {
        this.#watchLater();
        this.#resolveLater();
      },
    });
    this.#stapler = new Stapler({
      clock: ports.clock,
      logger: ports.logger,
      ask: (url, question) => askResponder(url, question, ports.clock),
      changed: (fingerprint) => this.#restaple(fingerprint),
    });
    this.#warnings = new ExpiryWarnings(ports, () => this.views());
    this.#rotateLater();
  }

  get ticketSecret(): PrimaryToListener {
    return { type: 'ticket-secret', secret: this.#secret };
  }

  configure(config: CompiledConfig): void {
    const bindings = config.sites.flatMap((site) => site.bindings);
    this.#configured = new Map(bindings.flatMap(({ tls }) => (tls === null ? [] : [[tlsKey(tls), tls] as const])));
    this.#sources.configure(config.server.stateDir, [...this.#configured.values()]);
    for (const [id, { key }] of this.#loaded) if (!this.#configured.has(key)) this.#loaded.delete(id);
    this.#watch();
  }

  /** A listener asks; `answer` goes to that listener alone. */
  wanted(key: string, name: string, answer: (message: PrimaryToListener) => void): void {
    const tls = this.#configured.get(key);
    const reply = (material: CertificateMaterial | null): void => answer({ type: 'certificate', key, name, material });
    if (tls === undefined) return reply(null);
    const id = idOf(key, name);
    const known = this.#loaded.get(id);
    const one = known ?? this.#start(id, key, name, tls);
    this.#loaded.delete(id);
    this.#loaded.set(id, one);
    // What could not be had is tried again: the file may be there by now, in a folder that is not watched.
    if (known?.material === null) one.reading = one.reading.then(() => this.#read(one));
    one.reading.then(
      // What was given up meanwhile is not heard of any more when it changes.
      () => reply(this.#loaded.get(id) === one ? one.material : null),
      (error: unknown) => {
        this.#ports.logger.error('certificate-not-read', { error: messageOf(error) });
        reply(null);
      },
    );
  }

  /** There is another certificate for this name, of an authority. */
  renewed(name: string): void {
    for (const one of this.#issuedFor(name)) this.#check(one);
  }

  /** Nobody renews this one of an authority any more: it is asked for again when a client needs it. */
  forget(name: string): void {
    for (const one of this.#issuedFor(name)) this.#drop(one);
  }

  /** What is loaded, for the admin API and the metrics. */
  views(): CertificateView[] {
    const nowMs = this.#ports.clock.wallMs();
    return [...this.#loaded.values()].map((one) =>
      viewOf({ ...one, kind: one.tls.certificate.kind, isLoaded: one.material !== null }, nowMs),
    );
  }

  close(): void {
    this.#watcher.close();
    this.#warnings.close();
    this.#stapler.close();
    this.#cancelRotation();
    this.#cancelWatch?.();
    this.#cancelResolve?.();
  }

  #start(id: string, key: string, name: string, tls: TlsConfig): Loaded {
    const reading = Promise.resolve();
    const one: Loaded = {
      key,
      name,
      tls,
      files: [],
      signature: '',
      material: null,
      facts: null,
      staple: '',
      problem: '',
      reading,
    };
    one.reading = this.#read(one).then(() => {
      // Names come from clients: those that nothing was found for are not kept.
      if (one.files.length === 0 && one.material === null) return void this.#loaded.delete(id);
      this.#evict();
    });
    return one;
  }

  #evict(): void {
    if (this.#loaded.size <= certificatesLoadedMax) return;
    for (const oldest of this.#loaded.values()) return this.#drop(oldest);
  }

  #drop({ key, name }: Loaded): void {
    this.#loaded.delete(idOf(key, name));
    this.#ports.broadcast({ type: 'certificate-forgotten', key, name });
    this.#watchLater();
  }

  #issuedFor(name: string): Loaded[] {
    const all = [...this.#loaded.values()];
    return all.filter((one) => one.name === name && one.tls.certificate.kind === 'acme');
  }

  #watchLater(): void {
    this.#cancelWatch ??= this.#ports.clock.setTimer(certificateWatchDelayMs, () => {
      this.#cancelWatch = null;
      this.#watch();
      // What changed before it was watched told nobody.
      for (const fresh of this.#unwatched.splice(0)) this.#check(fresh);
    });
  }

  async #read(one: Loaded): Promise<void> {
    const { certificate, authoritiesFile } = one.tls;
    const files = await this.#sources.filesOf(one.tls, one.name);
    if (files === null) {
      one.material = null;
      return;
    }
    const paths = pathsOf(files, authoritiesFile);
    if (!isSame(paths, one.files)) {
      this.#unwatched.push(one);
      this.#watchLater();
    }
    one.files = paths;
    one.signature = await fileLooks(one.files);
    const read = await this.#reader.read(readingOf(one), one.signature, files, authoritiesFile);
    if (!read.ok) return this.#refuse(one, read);
    const { facts, stapled } = read;
    const nowMs = this.#ports.clock.wallMs();
    // A good one is not given up for one that has ended.
    if (facts !== null && facts.notAfterMs < nowMs && one.facts !== null && one.facts.notAfterMs > nowMs) {
      const message = `the certificate in it ended on ${new Date(facts.notAfterMs).toISOString()}`;
      return this.#refuse(one, { file: one.files[0] ?? '', message });
    }
    one.problem = '';
    one.staple = stapled === null ? '' : this.#stapler.needs(stapled.certificate, stapled.issuer);
    const ocsp = one.staple === '' ? '' : await this.#stapler.answer(one.staple);
    one.material = ocsp === '' ? read.material : { ...read.material, ocsp };
    one.facts = facts;
    if (this.#told.has(read)) return;
    this.#told.add(read);
    this.#tell(one, read, certificate.kind);
  }

  #tell(one: Loaded, { facts, validTo }: GoodContents, kind: string): void {
    const { logger, clock } = this.#ports;
    const file = one.files[0] ?? '';
    logger.info('certificate-loaded', { file, kind, validTo });
    if (facts !== null && facts.notAfterMs < clock.wallMs()) logger.warn('certificate-expired', { file, validTo });
  }

  #refuse(one: Loaded, { file, message }: Problem): void {
    const problem = `${file}: ${message}`;
    if (problem === one.problem) return;
    one.problem = problem;
    const serves = one.material === null ? 'none: handshakes fail' : 'the one before it';
    this.#ports.logger.error('certificate-refused', { file, problem: message, serves });
  }

  /** A new answer, or none any more. */
  #restaple(fingerprint: string): void {
    const ocsp = this.#stapler.now(fingerprint);
    for (const one of this.#loaded.values()) {
      const { key, name, staple, material } = one;
      if (staple !== fingerprint || material === null || material.ocsp === ocsp) continue;
      one.material = { ...material, ocsp };
      this.#ports.broadcast({ type: 'certificate', key, name, material: one.material });
    }
  }

  #watch(): void {
    this.#stapler.keep(new Set([...this.#loaded.values()].map(({ staple }) => staple)));
    this.#reader.keep(new Set([...this.#loaded.values()].map(readingOf)));
    this.#watcher.watch([...this.#sources.watched, ...[...this.#loaded.values()].map(({ files }) => files)]);
  }

  /** These may have changed: what looks different is read again. */
  #look(files: ReadonlySet<string>): void {
    if (this.#sources.touched(files)) this.#resolveLater();
    for (const one of this.#loaded.values()) if (one.files.some((file) => files.has(file))) this.#check(one);
  }

  /** Names that are served from folders may lead to other files now; of many changes there, once in a while. */
  #resolveLater(): void {
    this.#cancelResolve ??= this.#ports.clock.setTimer(certificateStoreRestMs, () => {
      this.#cancelResolve = null;
      for (const one of this.#loaded.values()) if (one.tls.certificate.kind === 'store') this.#check(one);
    });
  }

  #check(one: Loaded): void {
    one.reading = one.reading
      .then(() => this.#refresh(one))
      .catch((error: unknown) => {
        this.#ports.logger.error('certificate-not-read', { error: messageOf(error) });
      });
  }

  async #refresh(one: Loaded): Promise<void> {
    if (!(await this.#isChanged(one))) return;
    const before = one.material;
    await this.#read(one);
    const { key, name, material } = one;
    if (material === null || material === before || this.#loaded.get(idOf(key, name)) !== one) return;
    this.#ports.broadcast({ type: 'certificate', key, name, material });
  }

  async #isChanged(one: Loaded): Promise<boolean> {
    if ((await fileLooks(one.files)) !== one.signature) return true;
    const { kind } = one.tls.certificate;
    if (kind !== 'acme' && kind !== 'store') return false;
    const files = await this.#sources.filesOf(one.tls, one.name);
    return files !== null && !isSame(pathsOf(files, one.tls.authoritiesFile), one.files);
  }

  #rotateLater(): void {
    this.#cancelRotation = this.#ports.clock.setTimer(tlsTicketRotationMs, () => {
      this.#secret = newSecret();
      this.#ports.broadcast(this.ticketSecret);
      this.#rotateLater();
    });
  }
}

function idOf(key: string, name: string): string {
  return `${key} ${name}`;
}

/** The same for names that have the same files with the same policy. */
function readingOf({ key, files }: Loaded): string {
  return idOf(key, files.join('\n'));
}

function pathsOf(files: CertificateFiles, authoritiesFile: string): readonly string[] {
  const own = files.kind === 'pem' ? [files.certFile, files.keyFile] : [files.file];
  return [...new Set(authoritiesFile === '' ? own : [...own, authoritiesFile])];
}

function isSame(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((path, index) => path === right[index]);
}

function newSecret(): string {
  return randomBytes(32).toString('base64');
}
