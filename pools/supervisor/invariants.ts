/** Checks of the supervisor's books; the simulation runs them after every turn. */
import { invariant } from '../../config/base/invariant.js';
import { drainingGenerationsMax } from '../lifecycle/application-states.js';
import { isStarting } from '../lifecycle/worker-states.js';
import { burialsOwner } from './burial.js';
import { type HostBook, type PoolBook, workerAt } from './books.js';
import { ledgerOwner } from './ledger.js';
import { roundsOwner } from './rounds.js';
import type { StartGate } from './start-gate.js';
import type { Timers } from './timers.js';

export function verifyBooks(pools: readonly PoolBook[], timers: Timers, gate: StartGate): void {
  let starting = 0;
  for (const pool of pools) {
    for (const host of pool.hosts) {
      verifyHost(host);
      for (const worker of host.workers.values()) if (isStarting(worker.machine.life)) starting += 1;
    }
  }
  invariant(gate.inside <= starting, `${gate.inside} starts hold a place, ${starting} workers are starting`);
  verifyTimers(pools, timers);
}

const ownOwners: ReadonlySet<string> = new Set(['stop-all', burialsOwner, ledgerOwner, roundsOwner]);

function verifyTimers(pools: readonly PoolBook[], timers: Timers): void {
  const hosts = pools.flatMap((pool) => [...pool.hosts]);
  for (const owner of timers.owners()) {
    const [kind = '', id = ''] = owner.split(':');
    const lives =
      kind === 'worker' || kind === 'gate'
        ? hosts.some((host) => host.workers.has(Number(id)))
        : ownOwners.has(owner) || pools.some(({ key }) => key === owner) || hosts.some(({ key }) => key === owner);
    invariant(lives, `${owner} is dead and still has a timer`);
  }
}

function verifyHost(host: HostBook): void {
  let known = 0;
  for (const slot of host.machine.slots) {
    const { number, replacement, current, leaving } = slot;
    for (const generation of [current?.generation, replacement?.generation, ...leaving]) {
      if (generation === undefined) continue;
      known += 1;
      invariant(
        workerAt(host, number, generation) !== undefined,
        `${host.id} slot ${number}: ${generation} is no process`,
      );
    }
    invariant(replacement === null || current?.phase === 'running', `${host.id} slot ${number}: replaces nothing`);
    invariant(leaving.length <= drainingGenerationsMax + 2, `${host.id} slot ${number}: ${leaving.length} are leaving`);
  }
  invariant(known === host.workers.size, `${host.id}: ${host.workers.size} processes, ${known} in slots`);
  const running = host.machine.slots.some((slot) => slot.current?.phase === 'running');
  invariant(host.machine.failure === null || !running, `${host.id} is published as failed and as running`);
}
