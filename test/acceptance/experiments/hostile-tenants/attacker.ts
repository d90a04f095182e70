/** One hostile tenant: tells its application what to try, and looks from outside at what became of it. */
import type { ObituaryView } from '../../../../pools/supervisor/ports.js';
import { call } from '../../../support/http-client.js';
import { allProcesses, statusNumber } from '../../../support/processes.js';
import type { Sluice } from '../../../support/sluice.js';
import { until } from '../../../support/time.js';

export const waitMs = 60_000;

export class Attacker {
  readonly pool: string;
  readonly uid: number;
  /** Of its application; it owns it. */
  readonly folder: string;
  readonly #sluice: Sluice;

  constructor(sluice: Sluice, pool: string, uid: number, folder: string) {
    this.#sluice = sluice;
    this.pool = pool;
    this.uid = uid;
    this.folder = folder;
  }

  /** Runs a file of test/apps/hostile/attacks in the application. Null: it gave no answer, which may be the attack. */
  async tell(attack: string, facts: unknown = {}): Promise<unknown> {
    try {
      const answer = await this.call(`/attack/${attack}`, JSON.stringify(facts));
      return answer.status === 200 ? (JSON.parse(answer.text) as unknown) : null;
    } catch {
      return null;
    }
  }

  call(path: string, body = ''): ReturnType<typeof call> {
    return call(this.#sluice.port, `/${this.pool}${path}`, {
      method: body === '' ? 'GET' : 'POST',
      body,
      limitMs: 10_000,
    });
  }

  /** Pid of its worker, started if need be. */
  async worker(): Promise<number> {
    return until(
      `${this.pool} has a worker`,
      async () => {
        const [pid] = await this.#sluice.workerPids(this.pool);
        if (pid === undefined) await this.call('/').catch(() => null);
        return pid;
      },
      { withinMs: waitMs, everyMs: 100 },
    );
  }

  /** How this process of it ended, once that is written down. */
  obituary(pid: number): Promise<ObituaryView> {
    return until(
      `the end of ${pid} of ${this.pool} is written down`,
      async () => (await this.#sluice.pool(this.pool)).obituaries.find((one) => one.pid === pid),
      { withinMs: waitMs, everyMs: 50, state: () => this.#sluice.output().slice(-3_000) },
    );
  }

  /** Every living process under its user id. */
  processes(): number[] {
    return allProcesses()
      .filter((one) => one.state !== 'Z' && statusNumber(one.pid, 'Uid') === this.uid)
      .map((one) => one.pid);
  }

  /** An administrator stops the pool: afterwards nothing of it may live. @returns those that do. */
  async stop(): Promise<number[]> {
    await this.order('stop');
    await until(`${this.pool} is stopped`, async () => (await this.#sluice.pool(this.pool)).workers.length === 0, {
      withinMs: waitMs,
      state: () => this.#sluice.output().slice(-3_000),
    });
    return this.processes();
  }

  async start(): Promise<void> {
    await this.order('start');
    await this.worker();
  }

  async order(action: 'stop' | 'start'): Promise<void> {
    const { adminSocket } = this.#sluice;
    const begun = await call(adminSocket, `/api/v1/pools/${this.pool}/${action}`, { method: 'POST' });
    const { id } = JSON.parse(begun.text) as { readonly id: number };
    await until(
      `${action} of ${this.pool}`,
      async () => {
        const { text } = await call(adminSocket, `/api/v1/operations/${id}`);
        return (JSON.parse(text) as { readonly state: string }).state !== 'running';
      },
      { withinMs: waitMs, everyMs: 50 },
    );
  }
}
