/**
 * Primary -> in-process host on the control pipe (fd 3): 4-byte big-endian length, then JSON.
 * The host takes nothing else from outside; its start data come in the first message (`load`).
 */
export type PrimaryToHost =
  | { readonly type: 'ping'; readonly id: number }
  /** To a spare host, once: which worker it is. Only now the app's first line runs. */
  | { readonly type: 'start'; readonly slot: number }
  /** Have the app answer this; answered by `warmed`. */
  | ({ readonly type: 'warm-up' } & WarmUpRequest)
  /** Draining: no new streams on any link; release virtual sockets right after their answer. */
  | { readonly type: 'drain' }
  /** Write what is wished for to a new file in `folder`; answered by `dumped`. */
  | ({ readonly type: 'dump'; readonly id: number; readonly folder: string } & DumpWish);

/** A diagnostic report, a heap snapshot, numbers of the heap and its spaces, a CPU profile. */
export const dumpKinds = ['report', 'heap', 'heap-statistics', 'cpu'] as const;
export type DumpKind = (typeof dumpKinds)[number];

export interface DumpWish {
  readonly kind: DumpKind;
  /** How long the CPU is profiled; 0 with any other kind. */
  readonly seconds: number;
}

/** Primary -> watchdog thread of the host (fd 5), in the same form. */
export interface PrimaryToWatchdog {
  readonly type: 'capture';
}

export interface WarmUpRequest {
  /** Path and query, percent-encoded. */
  readonly target: string;
  readonly host: string;
  readonly userAgent: string;
}

/** Start data of the host, in one environment variable that the host deletes before the app runs. */
export interface HostStartData {
  readonly protocol: number;
  readonly linkToken: string;
  /** Slot number from 1: `cluster.worker.id`; 0 = a spare host, which waits for `start` before it goes on. */
  readonly slot: number;
  readonly poolName: string;
  /** Which server is the app (hosting.port); 0 = the value of PORT, else the first server. */
  readonly appPort: number;
  /** process.env.PORT for the app. */
  readonly envPort: number;
  /** Start the watchdog thread once the app listens; descriptor 5 is its pipe. */
  readonly watchdog: boolean;
  /** Forces the slow path or the documented-only fallback; only tests and the environment set it. */
  readonly path: 'auto' | 'slow' | 'documented';
  /** Folder of Node's compile cache for this app; '' = none. */
  readonly compileCache: string;
}

/** Name of the variable that carries HostStartData as JSON. */
export const hostStartVariable = 'SLUICE_HOST_START';
export const hostControlFd = 3;
export const hostLinkFd = 4;
export const hostWatchdogFd = 5;
