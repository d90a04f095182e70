/** The read-only picture of the pools for the admin API and metrics. */
import { unreachable } from '../../config/base/invariant.js';
import type { ApplicationLife } from '../lifecycle/application-states.js';
import type { PoolLife } from '../lifecycle/pool-states.js';
import { beatIntervalOf } from '../lifecycle/worker-health.js';
import { inFlight, type WorkerLife } from '../lifecycle/worker-states.js';
import { type HostBook, type LastFailure, type PoolBook, type WorkerBook, workersOf } from './books.js';
import { stepsOf } from './failure-page.js';
import type { ApplicationView, PoolState, PoolView, StartFailureView, WorkerState, WorkerView } from './ports.js';

export interface Measures {
  /** Reads the resident memory of a process; 0 when it is gone. */
  rssBytes(pid: number): number;
  /** Monotonic time of now. */
  readonly nowMs: number;
}

export function poolView(pool: PoolBook, measures: Measures): PoolView {
  const { life, cause } = pool.machine;
  const refusing = life !== 'started' && life !== 'probing';
  return {
    name: pool.name,
    state: poolState(life),
    stoppedReason: refusing ? cause : '',
    applications: [...pool.hosts].map(applicationView),
    workers: workersOf(pool).map((worker) => workerView(worker, measures)),
    restarts: pool.restarts,
    obituaries: pool.obituaries.all(),
    receipts: pool.receipts.all(),
  };
}

function poolState(life: PoolLife): PoolState {
  switch (life) {
    case 'started':
      return 'Started';
    case 'probing':
      return 'Starting';
    case 'stopping':
      return 'Stopping';
    case 'stopped':
    case 'offline':
    case 'probeDue':
      return 'Stopped';
    default:
      return unreachable(life);
  }
}

function applicationView(host: HostBook): ApplicationView {
  const { id, config, machine, problem, pool, lastFailure } = host;
  const tripped = pool.machine.life === 'offline' || pool.machine.life === 'probeDue';
  const state = machine.life === 'closed' && tripped ? 'rapid-failed' : applicationState(machine.life, problem);
  const hostingModel = config.hosting?.hostingModel ?? '';
  const failure = lastFailure === null ? null : failureView(lastFailure);
  return { id, site: config.site, path: config.path, hostingModel, state, problem, spare: host.spare.state, failure };
}

function failureView({ report, atMs }: LastFailure): StartFailureView {
  const { status, subStatus, code, cause, remedy, attempts, outputTail } = report;
  const journey = stepsOf(report);
  return { atMs, status: `${status}.${subStatus}`, code, cause, remedy, attempts, journey, outputTail };
}

function applicationState(life: ApplicationLife, problem: string): ApplicationView['state'] {
  switch (life) {
    case 'closed':
    case 'idle':
      return problem === '' ? 'idle' : 'failed';
    case 'starting':
    case 'ready':
    case 'misconfigured':
    case 'offline':
      return life;
    case 'backingOff':
      return 'backing-off';
    case 'rapidFailed':
      return 'rapid-failed';
    default:
      return unreachable(life);
  }
}

function workerView(worker: WorkerBook, measures: Measures): WorkerView {
  const { beat } = worker;
  const { life, health } = worker.machine;
  return {
    workerId: worker.id,
    pid: worker.pid,
    slot: worker.slot,
    generation: worker.generation,
    applicationId: worker.host.id,
    state: workerState(life),
    startedAtMs: worker.spawnedWallMs,
    inFlight: inFlight(health),
    rssBytes: worker.pid > 0 ? measures.rssBytes(worker.pid) : 0,
    requestsTotal: health.requestsTotal + health.requestsBefore,
    hostingModel: worker.request.hosting.hostingModel,
    node: worker.node,
    heartbeat:
      beat === null
        ? null
        : {
            ageMs: Math.max(0, measures.nowMs - beat.atMs),
            intervalMs: life === 'running' ? health.beatIntervalMs : beatIntervalOf(beat.quiet),
            delayMs: beat.delayMs,
            utilization: beat.utilization,
            heapUsedBytes: beat.heapUsed,
          },
  };
}

function workerState(life: WorkerLife): WorkerState {
  switch (life) {
    case 'queued':
    case 'starting':
    case 'loading':
    case 'linking':
      return 'starting';
    case 'running':
      return 'running';
    case 'parking':
    case 'emptying':
    case 'suspended':
      return 'suspended';
    case 'leaving':
    case 'draining':
      return 'draining';
    case 'stalled':
    case 'terminating':
    case 'killing':
    case 'gone':
      return 'stopping';
    default:
      return unreachable(life);
  }
}
