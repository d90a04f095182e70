/** Where a worker is reached, and how it learns and proves it: a TCP port or a unix socket. */
import type { UpstreamEndpoint } from '../../protocol/snapshot.js';
import type { StartError } from '../start-error.js';

export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

/** One look at whether the worker listens. */
export type Look =
  | { readonly kind: 'ready'; readonly address: Address }
  /** `late` is the failure if the time is over now. */
  | { readonly kind: 'waiting'; readonly late: () => StartError }
  | { readonly kind: 'failed'; readonly error: StartError };

/** Given to one attempt of a start; `release` once its process is gone. */
export interface Assignment {
  /** PORT, HTTP_PLATFORM_PORT and the placeholders. */
  readonly port: string;
  readonly aspNetCorePort: string;
  /** Of the process: who else may connect to a socket that it makes. */
  readonly umask: number;
  /** What it has to write for that, when it is in a sandbox. */
  readonly writable: readonly string[];
  /** Called again and again until it is not 'waiting'. `limitMs` is for words only. */
  watch(pid: number, limitMs: number): () => Promise<Look>;
  release(): void;
}

export function endpointOf(address: Address, pairingToken: string, protocol: 'http1' | 'h2c'): UpstreamEndpoint {
  const worker = protocol === 'h2c' ? { pairingToken, h2c: true } : { pairingToken };
  return 'path' in address ? { kind: 'unix', ...address, ...worker } : { kind: 'tcp', ...address, ...worker };
}
