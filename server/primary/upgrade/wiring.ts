/** What the steps of an upgrade do to the parts of this primary. */
import { type Clock, pause } from '../../../config/base/clock.js';
import type { Identities } from '../../../pools/runtimes/isolation/identity.js';
import { areOk, type ControlPlane } from '../../admin/control-plane.js';
import type { AdminListening } from '../admin-listening.js';
import { adoptInstanceLock } from '../instance-lock.js';
import type { PrimaryParts } from '../parts.js';
import { ordersOf } from './standing-orders.js';
import type { Succession } from './succession.js';
import { Upgrader } from './upgrader.js';

const readinessPollMs = 25;

/** The old primary goes on until everything here is ready; then what only one can have is ours. */
export async function agreeWhenReady(clock: Clock, control: ControlPlane, succession: Succession): Promise<void> {
  while (!areOk(control.readiness())) {
    await pause(clock, readinessPollMs);
  }
  await succession.agree();
}

export interface UpgradedParts
  extends Pick<PrimaryParts, 'clock' | 'log' | 'sockets' | 'runtimes' | 'state' | 'issuer' | 'supervisor'> {
  readonly version: string;
  readonly identities: Pick<Identities, 'adopt'>;
  readonly admin: Pick<AdminListening, 'open' | 'close'>;
  readonly succeeded: (pid: number) => void;
}

export function createUpgrader(parts: UpgradedParts): Upgrader {
  const { clock, log, version, sockets, runtimes, state, issuer, identities, admin, succeeded } = parts;
  return new Upgrader({
    clock,
    logger: log,
    version,
    sockets,
    isDraining: () => state.isDraining,
    orders: () => ordersOf(parts),
    steps: {
      beside: () => runtimes.overlap('begins'),
      giveUp: async () => {
        runtimes.overlap('handed-over');
        issuer.close();
        await admin.close();
      },
      alone: async (wasGivenUp) => {
        runtimes.overlap('ends');
        if (!wasGivenUp) return;
        identities.adopt();
        adoptInstanceLock(state.config?.server.runDir ?? '');
        await admin.open();
        issuer.start();
      },
      succeeded,
    },
  });
}
