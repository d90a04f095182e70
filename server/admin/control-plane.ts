/** What the admin API may ask of the server; the primary implements it. */
import type { PoolView } from '../../pools/supervisor/ports.js';

/** One line of `/readyz?verbose`. */
export interface ReadinessCheck {
  readonly name: string;
  readonly ok: boolean;
  /** '' or what is missing. */
  readonly detail: string;
}

export interface ControlPlane {
  pools(): readonly PoolView[];
  /** All must be ok for new traffic to be sent to this node. A pool that fails later never changes it. */
  readiness(): readonly ReadinessCheck[];
  /** The first configuration was applied. */
  isStarted(): boolean;
  /** Every log file is opened anew by its name; resolves when nothing is written to the old ones. */
  reopenLogs(): Promise<void>;
  /** Prometheus text. */
  metrics(): Promise<string>;
}
