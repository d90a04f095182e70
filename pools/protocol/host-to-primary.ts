import type { StallProfile, StallStack } from './stall-report.js';

/**
 * In-process host -> primary on the control pipe. The sender's process runs tenant code: every
 * message is checked by `guard.ts` for shape, size and rate; a bad one ends the pipe and the worker.
 */
export type HostToPrimary =
  | WatchdogToPrimary
  /** From a spare host, once: everything but the app is loaded, and it waits for its slot. */
  | { readonly type: 'waiting' }
  /** The host runs; sent before the app's first line. */
  | {
      readonly type: 'hello';
      readonly protocol: number;
      readonly node: string;
      readonly pid: number;
      readonly path: 'fast' | 'slow' | 'documented';
    }
  /** The app listens (or was adopted by its export): requests may come. */
  | { readonly type: 'listening'; readonly port: number; readonly how: 'listen' | 'export' }
  /** Something worth one line in the log: a second server bound late, cluster.isPrimary asked ... */
  | { readonly type: 'notice'; readonly code: string; readonly text: string }
  /** While the event loop turns. `quiet`: the next one comes after the longer interval, or when a request is not answered soon. */
  | {
      readonly type: 'heartbeat';
      readonly inFlight: number;
      readonly quiet: boolean;
      readonly delayMs: number;
      readonly utilization: number;
      readonly heapUsed: number;
    }
  /** Metrics that the app publishes; `readReport` checks them. `left`: families beyond the size of a report. */
  | { readonly type: 'metrics'; readonly families: readonly unknown[]; readonly left: number }
  | { readonly type: 'pong'; readonly id: number }
  /** The warm-up request is over; status 0 = without an answer. */
  | { readonly type: 'warmed'; readonly status: number }
  /** Answer to `dump`: the name of the file, or why there is none. */
  | { readonly type: 'dumped'; readonly id: number; readonly file: string; readonly error: string }
  /** Why the app cannot be hosted (http2-only server, nothing listens and nothing is exported ...). */
  | { readonly type: 'refused'; readonly code: string; readonly text: string }
  /** From uncaughtExceptionMonitor: the first line and stack of what is about to end the process. */
  | { readonly type: 'fatal'; readonly text: string };

/** Code of the notice that an app, which does not listen so far, exports something that could be hosted. */
export const exportWaits = 'export-waits';

/** Code of the notice that there is no watchdog thread: stacks of a blocked event loop will not be known. */
export const noWatchdog = 'no-watchdog';

/**
 * From the host's watchdog thread on its own pipe (fd 5), the answers to `capture`, as they come: the
 * stack first, because the profile may cost the thread its life.
 */
export type WatchdogToPrimary =
  /** The main thread stands at a breakpoint of somebody's debugger; nothing else follows. */
  | { readonly type: 'stall-debugged' }
  | ({ readonly type: 'stall-stack' } & StallStack)
  | ({ readonly type: 'stall-profile' } & StallProfile);
