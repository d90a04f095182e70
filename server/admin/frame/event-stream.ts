/** Server-sent events (the HTML standard's text/event-stream) to one client, bounded: who does not read is cut. */
import type { FastifyReply } from 'fastify';
import {
  eventStreamHeartbeatMs,
  eventStreamLimitMs,
  eventStreamUnreadBytesMax,
} from '../../../config/base/admin-limits.js';
import type { CancelTimer, Clock } from '../../../config/base/clock.js';

/** Names the last event that a client saw when it comes back. */
export const lastEventField = 'last-event-id';

export interface StreamEvent {
  /** '' = none; a client that comes back names the last one it saw in Last-Event-ID. */
  readonly id: string;
  readonly event: string;
  /** Goes out as one line of JSON. */
  readonly data: unknown;
}

export class EventStream {
  readonly #reply: FastifyReply;
  readonly #closed: (() => void)[] = [];
  readonly #clock: Clock;
  #heartbeat: CancelTimer = () => undefined;
  #limit: CancelTimer = () => undefined;
  #isOpen = true;

  /**
   * Takes the answer over and sends its head. Ends with the client, by `end` or `close`, or after `eventStreamLimitMs`:
   * then the client has to come back with rights that it still has.
   */
  constructor(reply: FastifyReply, clock: Clock) {
    this.#reply = reply;
    this.#clock = clock;
    // What was set on the reply so far (security headers) goes out with it.
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) reply.raw.setHeader(name, value);
    }
    reply.hijack();
    // The client may have left before there was anything to say: then no event tells of it any more.
    if (reply.raw.destroyed || reply.raw.socket === null) {
      this.#isOpen = false;
      return;
    }
    reply.raw.socket.setTimeout(0);
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    reply.raw.flushHeaders();
    reply.raw.once('close', () => this.close());
    this.#heartbeat = this.#beat();
    this.#limit = clock.setTimer(eventStreamLimitMs, () => this.end());
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  send({ id, event, data }: StreamEvent): void {
    const first = id === '' ? '' : `id: ${id}\n`;
    this.sendText(`${first}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** Text that was made once for many clients: whole events with their empty line. */
  sendText(text: string): void {
    if (!this.#isOpen) return;
    this.#reply.raw.write(text);
    if (this.#reply.raw.writableLength > eventStreamUnreadBytesMax) this.close();
  }

  /** Called once, also when the client goes away. */
  whenClosed(run: () => void): void {
    if (this.#isOpen) this.#closed.push(run);
    else run();
  }

  /** Nothing more comes: the client gets what was sent, and the end. */
  end(): void {
    if (!this.#isOpen) return;
    this.#reply.raw.end();
    this.#release();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#reply.raw.destroy();
    this.#release();
  }

  #release(): void {
    this.#isOpen = false;
    this.#heartbeat();
    this.#limit();
    for (const run of this.#closed) run();
  }

  #beat(): CancelTimer {
    return this.#clock.setTimer(eventStreamHeartbeatMs, () => {
      this.#heartbeat = this.#beat();
      this.sendText(': still here\n\n');
    });
  }
}
