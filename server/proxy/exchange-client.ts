import type { RouteSite, StoredFailure } from '../../pools/protocol/snapshot.js';
import type { ForwardContext } from '../http1/forward.js';
import type { RequestHead } from '../http1/types.js';
import type { LinkStream } from './link-stream.js';
import type { Pace } from './pacer.js';
import type { SocketOutput } from './socket-output.js';

/** What the site of a request does to its answer. */
export interface AnswerLimits {
  /** null = bandwidth is not limited. */
  readonly pace: Pace | null;
  /** Complete field lines; '' = none. */
  readonly answerFields: string;
  /** What the site says about https to a client that used it; '' = nothing. */
  readonly strictTransportSecurity: string;
}

/** The client connection, as its exchange sees it. */
export interface ExchangeClient {
  readonly output: SocketOutput;
  readonly request: RequestHead;
  readonly forward: ForwardContext;
  /** Virtual sockets of this connection, at most one per in-process worker. */
  readonly streams: LinkStream[];
  readonly localAddress: string;
  readonly localPort: number;
  /** The site of the request at hand. */
  readonly site: RouteSite | null;
  readonly router: AnswerLimits;
  /** The listener or the connection ends: the answer says so. */
  readonly isClosing: boolean;
  /** Body bytes may be handed on from now on. */
  openBody(): void;
  resumeBody(): void;
  /** The answer is complete and written. */
  answered(keepAlive: boolean): void;
  /** Writes an error of ours. @returns whether the connection goes on behind it. */
  writeError(failure: StoredFailure): boolean;
  /** The client must see that the answer is not complete. */
  cut(): void;
  /** Ends the connection unless a request is under way or has begun to arrive on it. */
  closeIfIdle(): void;
  /** From now on bytes pass as they are. */
  tunnelOpened(): void;
  /** The worker's side of the tunnel ended. */
  tunnelEnded(): void;
  /** The answer is out and the rest of the request body is short: it is read a little longer. */
  lingerBody(): void;
  /** What is left of the request body is little enough to be read after the answer. */
  readonly isBodyShort: boolean;
}
