/** The ports given to workers of this primary, so that two starts never choose the same one. */
import type { Clock } from '../../../config/base/clock.js';
import type { Identity } from '../isolation/identity.js';
import { StartError } from '../start-error.js';
import type { Assignment } from './address.js';
import { readListeners } from './listeners.js';
import { candidateRange, choosePort, parseFixedPort, readLocalPortRange } from './port.js';
import { portLook } from './port-look.js';

/**
 * Ports of the workers that ended last are not chosen again for a while: a listener may still hold the
 * old endpoint for the moment that its withdrawal travels.
 */
const restingPortsMax = 256;

export interface PortRequest {
  readonly clock: Clock;
  readonly identity: Identity | null;
  /** ASPNETCORE_PORT of the configuration or null. */
  readonly fixed: string | null;
}

export class Ports {
  readonly #given = new Set<number>();
  readonly #resting: number[] = [];

  /** Throws StartError `port-refused`. */
  assign({ clock, identity, fixed }: PortRequest): Assignment {
    const port = this.#take(fixed);
    return {
      port: String(port),
      aspNetCorePort: String(port),
      umask: 0o022,
      writable: [],
      watch: (pid, limitMs) => portLook({ clock, pid, port, identity, limitMs }),
      release: () => this.#release(port),
    };
  }

  #take(fixed: string | null): number {
    const listening = new Set(readListeners('self').map((socket) => socket.port));
    const port = fixed === null ? this.#choose(listening) : takeFixed(fixed, listening);
    this.#given.add(port);
    return port;
  }

  #release(port: number): void {
    this.#given.delete(port);
    this.#resting.push(port);
    if (this.#resting.length > restingPortsMax) this.#resting.shift();
  }

  #choose(listening: ReadonlySet<number>): number {
    const isTaken = (port: number): boolean =>
      listening.has(port) || this.#given.has(port) || this.#resting.includes(port);
    return choosePort(candidateRange(readLocalPortRange()), isTaken);
  }
}

function takeFixed(value: string, listening: ReadonlySet<number>): number {
  const port = parseFixedPort(value);
  if (!listening.has(port)) return port;
  throw new StartError(
    'port-refused',
    `ASPNETCORE_PORT ${port} is in use by another process`,
    'Remove ASPNETCORE_PORT: a free port is chosen then.',
  );
}
