import type { Clock } from '../../config/base/clock.js';
import { InvariantError } from '../../config/base/invariant.js';
import type { Logger } from '../../config/base/logger.js';
import type { Runtime } from '../runtimes/runtime.js';
import type { ListenerPort, SupervisorEvents, SupervisorPort } from './ports.js';

export interface SupervisorOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly runtimes: { readonly inProcess: Runtime; readonly outOfProcess: Runtime };
  readonly listeners: ListenerPort;
  readonly events: SupervisorEvents;
}

/** Owns every pool of this node. Calls its ports synchronously, never from inside another's callback. */
export function createSupervisor(options: SupervisorOptions): SupervisorPort {
  throw new InvariantError(`no supervisor yet for ${String(options.clock.monotonicMs())}`);
}
