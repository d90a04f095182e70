/** Checks of the supervisor's books; the simulation runs them after every turn. */
import { invariant } from '../../config/base/invariant.js';
import { drainingGenerationsMax } from '../lifecycle/application-states.js';
import { isStarting } from '../lifecycle/worker-states.js';
import { type HostBook, type PoolBook, workerAt, workersOf } from './books.js';
import type { StartGate } from './start-gate.js';
import type { Timers } from './timers.js';
import { upstreamsOf } from './upstreams.js';

export function verifyBooks(pools: readonly PoolBook[], timers: Timers, gate: StartGate): void {
  const owners = new Set(['stop-all']);
  let starting = 0;
  for (const pool of pools) {
    owners.add(pool.key);
    for (const host of pool.hosts) {
      owners.add(host.key);
      verifyHost(host);
    }
    for (const worker of workersOf(pool)) {
      owners.add(`worker:${worker.id}`).add(`gate:${worker.id}`);
      if (isStarting(worker.machine.life)) starting += 1;
    }
  }
  for (const owner of timers.owners()) invariant(owners.has(owner), `${owner} is dead and still has a timer`);
  invariant(gate.inside <= starting, `${gate.inside} starts hold a place, ${starting} workers are starting`);
}

function verifyHost(host: HostBook): void {
  const known = new Set<number>();
  for (const slot of host.machine.slots) {
    const lives = [slot.current, slot.replacement].filter((life) => life !== null).map((life) => life.generation);
    for (const generation of [...lives, ...slot.leaving]) {
      const worker = workerAt(host, slot.number, generation);
      invariant(worker !== undefined, `${host.id} slot ${slot.number}: generation ${generation} has no process`);
      known.add(worker.id);
    }
    const { number, replacement, current, leaving } = slot;
    invariant(replacement === null || current?.phase === 'running', `${host.id} slot ${number}: replaces nothing`);
    invariant(leaving.length <= drainingGenerationsMax + 2, `${host.id} slot ${number}: ${leaving.length} are leaving`);
  }
  for (const id of host.workers.keys()) invariant(known.has(id), `${host.id}: worker ${id} belongs to no slot`);
  const { workers, failure } = upstreamsOf(host, 0);
  invariant(failure === null || workers.length === 0, `${host.id} is published as failed and as running`);
  invariant(new Set(workers.map((worker) => worker.slot)).size === workers.length, `${host.id}: two of one slot`);
}
