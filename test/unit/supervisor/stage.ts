/** A supervisor on fake time with processes and listeners that do as the test says. */
import type { LogFields, Logger } from '../../../config/base/logger.js';
import type { ApplicationConfig, PoolConfig } from '../../../config/model.js';
import type { ApplicationUpstreams } from '../../../pools/protocol/snapshot.js';
import type { PoolView, SupervisorPort } from '../../../pools/supervisor/ports.js';
import { createSupervisor } from '../../../pools/supervisor/supervisor.js';
import { FakeListeners } from '../../simulation/fake-listeners.js';
import {
  type Behaviour,
  type FakeProcess,
  FakeRuntime,
  goodProcess,
  measureFakes,
} from '../../simulation/fake-runtime.js';
import { FakeClock } from '../../support/fake-clock.js';
import { sampleConfig } from '../../support/sample-pools.js';

export interface LogRecord {
  readonly event: string;
  readonly fields: LogFields;
}

export class Stage {
  readonly clock = new FakeClock();
  readonly records: LogRecord[] = [];
  readonly happened: string[] = [];
  readonly runtime: FakeRuntime;
  readonly listeners: FakeListeners;
  readonly supervisor: SupervisorPort;
  /** Behaviour of the next starts, used up one by one; then `goodProcess`. */
  readonly next: Behaviour[] = [];
  acknowledgeMs = 1;
  requestMs = 5;

  constructor() {
    this.runtime = new FakeRuntime(this.clock, () => this.next.shift() ?? goodProcess);
    this.listeners = new FakeListeners(this.clock, {
      acknowledgeMs: () => this.acknowledgeMs,
      linkMs: () => 5,
      requestMs: () => this.requestMs,
      isReady: (workerId) => {
        const process = this.runtime.process(workerId);
        return process !== undefined && process.ready && !process.exited && !process.hung;
      },
      isSuspended: (workerId) => this.runtime.process(workerId)?.suspended === true,
    });
    this.supervisor = this.#supervise();
    this.listeners.supervisor = this.supervisor;
  }

  #supervise(): SupervisorPort {
    const note = (event: string, fields: LogFields = {}): void => void this.records.push({ event, fields });
    const logger: Logger = { debug: note, info: note, warn: note, error: note };
    return createSupervisor({
      clock: this.clock,
      logger,
      runtimes: {
        inProcess: this.runtime,
        outOfProcess: this.runtime,
        runProgram: ({ file, arguments: words }) => this.happened.push([file, ...words].join(' ')),
      },
      listeners: this.listeners,
      events: {
        workerStarted: (pool) => this.happened.push(`started ${pool}`),
        workerExited: (pool, _application, reason) => this.happened.push(`exited ${pool} ${reason}`),
        recycled: (pool, reason) => this.happened.push(`recycled ${pool} ${reason}`),
        receipt: () => undefined,
        rapidFail: (pool) => this.happened.push(`rapid-fail ${pool}`),
        changed: () => undefined,
      },
      invariantBroken: (error) => {
        throw error;
      },
      verify: true,
      residentBytes: () => 1_024,
      measure: (pids) => measureFakes(this.runtime, pids),
    });
  }

  apply(pools: readonly PoolConfig[], applications: readonly ApplicationConfig[], startConcurrency = 4): void {
    this.supervisor.apply(sampleConfig(pools, applications, startConcurrency));
  }

  /** What listeners were told last about an application. */
  upstreams(applicationId = 'main/'): ApplicationUpstreams {
    const found = this.listeners.published.findLast((upstreams) => upstreams.applicationId === applicationId);
    if (found === undefined) throw new Error(`${applicationId} was never published`);
    return found;
  }

  pool(name = 'shop'): PoolView {
    const found = this.supervisor.view().find((pool) => pool.name === name);
    if (found === undefined) throw new Error(`no pool ${name}`);
    return found;
  }

  /** The process that started last. */
  last(): FakeProcess {
    const found = this.runtime.processes.at(-1);
    if (found === undefined) throw new Error('nothing has started');
    return found;
  }

  /** One request, and the time it needs to be answered or to fail. */
  async visit(applicationId = 'main/'): Promise<string> {
    const request = this.listeners.request(applicationId);
    await this.clock.advance(200);
    return request.state;
  }

  logged(event: string): readonly LogFields[] {
    return this.records.filter((record) => record.event === event).map((record) => record.fields);
  }
}
