import {
  listenerBaseBytes,
  listenerResidentBytesMin,
  listenersMemoryShare,
  memoryAgainShare,
  socketNativeBytes,
} from '../../config/base/memory-limits.js';
import { listenerMemoryShedBytes } from '../../config/base/limits.js';

/** What a listener holds, in bytes as `process.memoryUsage` says it. */
export interface HeldMemory {
  readonly heapUsed: number;
  readonly external: number;
  readonly rss: number;
  /** Open sockets of the data path. */
  readonly sockets: number;
}

/** `heap`: bodies and answers that wait. `resident`: connections, most of it OpenSSL's. */
export type MemoryState = 'fits' | 'heap' | 'resident';

/**
 * How much one listener may hold before the machine is short of it.
 * @param machineBytes of the machine or of the cgroup, whichever is less.
 */
export function residentLimit(machineBytes: number, listeners: number): number {
  return Math.max(listenerResidentBytesMin, (machineBytes * listenersMemoryShare) / Math.max(1, listeners));
}

/** Full above a limit, and until a tenth less is held. */
export class MemoryGate {
  state: MemoryState = 'fits';

  weigh({ heapUsed, external, rss, sockets }: HeldMemory, residentBytesMax: number): void {
    const allocated = heapUsed + external;
    // What a rush leaves behind in the allocator must not shut the listener for ever.
    const resident = Math.min(rss, allocated + listenerBaseBytes + sockets * socketNativeBytes);
    const share = this.state === 'fits' ? 1 : memoryAgainShare;
    if (allocated > listenerMemoryShedBytes * share) this.state = 'heap';
    else this.state = resident > residentBytesMax * share ? 'resident' : 'fits';
  }
}
