/** Hard limits of a listener's HTTP/2 connections that are not the engine's; units last. */

/** DATA frames below 256 bytes that a client may send on one connection at once, and a second: more than messages of a call need. */
export const http2SmallDataMax = 20_000;
export const http2SmallDataPerSecond = 20_000;

/** HTTP/2 in a listener: a write up to this size is a copy, so that none that waits holds a whole buffer. */
export const http2SmallWriteBytes = 4_096;
/** Requests of one client connection whose objects are kept for the next ones. */
export const http2ClientsKept = 100;

/** Requests of one connection whose head cannot be taken (431 and the like), before it is ended: each costs an answer. */
export const http2BadHeadsMax = 50;
/** Bytes of all answers of a connection that wait for its client before every worker is paused, and until they go on. */
export const http2QueueHighBytes = 393_216;
export const http2QueueLowBytes = 131_072;

/** Resets, of either side, on one connection to a worker, before it takes no further request: a worker ends one that sees too many. */
export const http2WorkerResetsMax = 100;
/** Body bytes of a request to a worker that are kept until its answer begins, and how often it may be refused unseen. */
export const http2KeptBodyBytesMax = 16_384;
export const http2RefusalsMax = 3;

/**
 * A request whose client has gone keeps its place at an out-of-process worker until the worker ends the connection or
 * answers; where the application has no requestTimeout, for no longer than this.
 */
export const abandonedTimeMs = 120_000;
