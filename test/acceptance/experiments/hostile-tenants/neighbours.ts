/** Starts and stops the clients of the innocent pools for one window after another. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { repository } from '../../../support/paths.js';

export interface NeighbourReport {
  readonly sent: number;
  readonly failed: number;
  readonly p99Ms: number;
  /** The first failure in words. */
  readonly example: string;
}

const main = join(repository, 'dist/test/acceptance/experiments/hostile-tenants/neighbours-main.js');

export class Neighbours {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(port: number, requestsPerSecond: number): Promise<Neighbours> {
    const child = fork(main, [String(port), String(requestsPerSecond)]);
    await once(child, 'message');
    return new Neighbours(child);
  }

  /** Sends requests while `work` runs. */
  async during(work: () => Promise<unknown>): Promise<NeighbourReport> {
    this.#child.send('begin');
    try {
      await work();
    } finally {
      this.#child.send('end');
    }
    const [report] = (await once(this.#child, 'message')) as [NeighbourReport];
    return report;
  }

  async stop(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.disconnect();
    await gone;
  }
}
