/**
 * Both hosting models of one primary, over one set of shared parts: identities, guardian, journal,
 * folders and log files. Called once per process by the composition root.
 */
import type { Clock } from '../../config/base/clock.js';
import type { Logger } from '../../config/base/logger.js';
import type { ServerConfig } from '../../config/model.js';
import type { HostStartData } from '../protocol/primary-to-host.js';
import type { Guardian } from './guardian.js';
import type { Identities } from './isolation/identity.js';
import type { Runtime } from './runtime.js';

export interface RuntimesOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly config: Pick<ServerConfig, 'runDir' | 'stateDir' | 'logDir'>;
  readonly identities: Identities;
  readonly guardian: Guardian;
  /** Forces a path of the in-process host; default 'auto'. */
  readonly hostPath?: HostStartData['path'];
  /** The bundled preload; default: `host.cjs` beside the compiled in-process runtime. */
  readonly hostFile?: string;
}

export interface Runtimes {
  readonly inProcess: Runtime;
  readonly outOfProcess: Runtime;
  /** Kills every worker that is still there, waits for their exits and removes sockets and temp folders. */
  close(): Promise<void>;
}

export function createRuntimes(options: RuntimesOptions): Runtimes {
  void options;
  throw new Error('being written');
}
