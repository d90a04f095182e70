/** The ports given to workers of this primary, so that two starts never choose the same one. */
import { StartError } from '../start-error.js';
import { readListeners } from './listeners.js';
import { candidateRange, choosePort, parseFixedPort, readLocalPortRange } from './port.js';

/**
 * Ports of the workers that ended last are not chosen again for a while: a listener may still hold the
 * old endpoint for the moment that its withdrawal travels.
 */
const restingPortsMax = 256;

export class Ports {
  readonly #given = new Set<number>();
  readonly #resting: number[] = [];

  /** `fixed`: ASPNETCORE_PORT of the configuration or null. Throws StartError `port-refused`. */
  take(fixed: string | null): number {
    const listening = new Set(readListeners('self').map((socket) => socket.port));
    const port = fixed === null ? this.#choose(listening) : takeFixed(fixed, listening);
    this.#given.add(port);
    return port;
  }

  release(port: number): void {
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
