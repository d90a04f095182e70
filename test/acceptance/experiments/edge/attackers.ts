import { join } from 'node:path';
import { app } from '../../../support/paths.js';
import { startProgram } from '../../../support/program.js';
import type { Sluice } from '../../../support/sluice.js';

export type AttackKind =
  | 'flood'
  | 'giant-headers'
  | 'one-byte-chunks'
  | 'bad-requests'
  | 'slow-clients'
  | 'idle'
  /** Connects, shakes hands where it is TLS, and goes away. */
  | 'come-and-go'
  /** Connects and says nothing, not even a ClientHello. */
  | 'silent';

/**
 * Starts the clients in a process of their own. It yields to everybody else: on the internet attackers bring their
 * own processors. @returns how to end them.
 */
export function beginAttack(
  sluice: Sluice,
  kind: AttackKind,
  connections: number,
  protocol: 'http' | 'https' = 'http',
): () => Promise<unknown> {
  const args = [join(app('attacker'), 'index.js'), String(sluice.port), kind, String(connections), protocol];
  const attacker = startProgram('nice', ['-n', '19', process.execPath, ...args]);
  return () => attacker.stop('SIGKILL');
}
