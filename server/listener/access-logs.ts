// HOT: measured by test/bench/main.ts
import type { Clock } from '../../config/base/clock.js';
import type { AccessLogTarget } from '../../config/model.js';
import type { ListenerToPrimary } from '../../pools/protocol/listener-to-primary.js';
import type { RouteSite } from '../../pools/protocol/snapshot.js';
import { AccessLog, LogMemory } from '../log/access-log.js';

/** The logs of this listener: one of all sites, and those of single sites. */
export class AccessLogs {
  readonly #clock: Clock;
  readonly #say: (message: ListenerToPrimary) => void;
  readonly #memory = new LogMemory();
  readonly #troubled = new Set<AccessLog>();
  /** By the site's name; null = nothing is written for it. */
  readonly #ofSites = new Map<string, AccessLog | null>();
  #central: AccessLog | null = null;

  constructor(clock: Clock, say: (message: ListenerToPrimary) => void) {
    this.#clock = clock;
    this.#say = say;
  }

  /** `sites`: all there are. */
  apply(central: AccessLogTarget | null, sites: Iterable<RouteSite>): void {
    this.#central = this.#adapt(this.#central, central);
    this.#central?.openNow();
    const gone = new Set(this.#ofSites.keys());
    for (const { name, log } of sites) {
      if (log === undefined) continue;
      gone.delete(name);
      this.#ofSites.set(name, this.#adapt(this.#ofSites.get(name) ?? null, log));
    }
    for (const name of gone) {
      this.#adapt(this.#ofSites.get(name) ?? null, null);
      this.#ofSites.delete(name);
    }
  }

  /** Where a request of the site is written; '' = it found no site. */
  of(site: string): AccessLog | null {
    if (this.#ofSites.size === 0) return this.#central;
    const own = this.#ofSites.get(site);
    return own === undefined ? this.#central : own;
  }

  /** `done`: every record from now on goes to the file that has the name. `file`: only of this one; '' = of all. */
  reopen(file: string, done: () => void): void {
    const logs = this.#all().filter((log) => file === '' || log.path === file);
    afterAll(logs, (log, one) => log.reopen(one), done);
  }

  flush(): void {
    for (const log of this.#all()) log.flush();
  }

  end(done: () => void): void {
    afterAll(this.#all(), (log, one) => log.end(one), done);
  }

  #all(): AccessLog[] {
    const logs = this.#central === null ? [] : [this.#central];
    for (const log of this.#ofSites.values()) if (log !== null) logs.push(log);
    return logs;
  }

  #adapt(log: AccessLog | null, target: AccessLogTarget | null): AccessLog | null {
    if (target === null) {
      log?.end(() => undefined);
      return null;
    }
    if (log === null) {
      const troubled = (which: AccessLog, code: string): void => this.#note(which, code);
      return new AccessLog({ target, clock: this.#clock, memory: this.#memory, troubled });
    }
    log.setTarget(target);
    return log;
  }

  /** A disk that is full stops all logs: it is said once, and once that all go on. */
  #note(log: AccessLog, code: string): void {
    const before = this.#troubled.size;
    if (code === '') this.#troubled.delete(log);
    else this.#troubled.add(log);
    const { size } = this.#troubled;
    if (before === 0 && size > 0) {
      const remedy = 'requests are served; lines beyond a few MiB are dropped and counted until the disk takes them';
      this.#log('warn', 'access-log-not-written', { file: log.path, error: code, remedy });
    } else if (before > 0 && size === 0) {
      this.#log('info', 'access-log-written-again', { file: log.path, dropped: log.dropped });
    }
  }

  #log(level: 'info' | 'warn', event: string, fields: Readonly<Record<string, string | number>>): void {
    this.#say({ type: 'log', level, event, fields });
  }
}

function afterAll(logs: readonly AccessLog[], run: (log: AccessLog, one: () => void) => void, done: () => void): void {
  let open = logs.length;
  if (open === 0) return done();
  for (const log of logs) {
    run(log, () => {
      open -= 1;
      if (open === 0) done();
    });
  }
}
