import type { RouteSite, StoredFailure } from '../../pools/protocol/snapshot.js';
import type { ForwardContext } from '../http1/forward.js';
import type { RequestHead } from '../http1/types.js';
import type { ClientOutput } from './client-output.js';
import type { Pace } from './pacer.js';
import type { VirtualSockets } from './virtual-sockets.js';

/** What the site of a request does to its answer, and what it counts while the request lasts. */
export interface AnswerLimits {
  /** null = bandwidth is not limited. */
  readonly pace: Pace | null;
  /** Complete field lines; '' = none. */
  readonly answerFields: string;
  /** What the site says about https to a client that used it; '' = nothing. */
  readonly strictTransportSecurity: string;
  /** The request at hand is over. */
  finished(): void;
}

/** The client, as its exchange sees it: an HTTP/1 connection, or one stream of an HTTP/2 connection. */
export interface ExchangeClient {
  readonly output: ClientOutput;
  readonly request: RequestHead;
  readonly forward: ForwardContext;
  /** Of this connection. */
  readonly sockets: VirtualSockets;
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
  /** From now on bytes pass as they are. */
  tunnelOpened(): void;
  /** The worker's side of the tunnel ended. */
  tunnelEnded(): void;
  /** The answer is out and the rest of the request body is short: it is read a little longer. */
  lingerBody(): void;
  /** What is left of the request body is little enough to be read after the answer. */
  readonly isBodyShort: boolean;
  /** One stream of several: any 2xx would accept an upgrade (RFC 8441 5), and the answer says nothing of the connection. */
  readonly isStream: boolean;
}
