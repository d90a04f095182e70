/** The TCP port of an out-of-process worker (ASP.NET Core Module: random 10000-48000, 10 candidates). */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fixedPortMin, portCandidatesMax, randomPortMax, randomPortMin } from '../../../config/base/limits.js';
import { StartError } from '../start-error.js';

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Outgoing connections take their ports from ip_local_port_range and would collide with a listener
 * there, so candidates come from the larger part beside it; from all when nothing is left.
 */
export function candidateRange(local: PortRange): PortRange {
  const below = { first: randomPortMin, last: Math.min(randomPortMax, local.first - 1) };
  const above = { first: Math.max(randomPortMin, local.last + 1), last: randomPortMax };
  const best = sizeOf(below) >= sizeOf(above) ? below : above;
  return sizeOf(best) >= portCandidatesMax ? best : { first: randomPortMin, last: randomPortMax };
}

function sizeOf(range: PortRange): number {
  return Math.max(0, range.last - range.first + 1);
}

export function readLocalPortRange(): PortRange {
  const [first, last] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1')
    .trim()
    .split(/\s+/)
    .map(Number);
  return { first: first ?? 32_768, last: last ?? 60_999 };
}

/** A port that nobody listens on now and no other worker of ours was given. Throws StartError `port-refused`. */
export function choosePort(range: PortRange, isTaken: (port: number) => boolean): number {
  for (let n = 0; n < portCandidatesMax; n++) {
    const port = randomInt(range.first, range.last + 1);
    if (!isTaken(port)) return port;
  }
  throw new StartError(
    'port-refused',
    `no free port found in ${portCandidatesMax} tries`,
    'Free ports between 10000 and 48000.',
    false,
  );
}

/**
 * ASPNETCORE_PORT from the configuration. It must be digits: Kestrel takes `abc` for port 80 on every
 * interface. Throws StartError `port-refused`.
 */
export function parseFixedPort(value: string): number {
  const port = /^[0-9]{1,5}$/.test(value) ? Number(value) : 0;
  if (port >= fixedPortMin && port <= randomPortMax) return port;
  throw new StartError(
    'port-refused',
    'ASPNETCORE_PORT is set to something that is not a port',
    `Set a number from ${fixedPortMin} to ${randomPortMax}, or remove it: a free port is chosen then.`,
  );
}
