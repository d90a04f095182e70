/** Server-sent events (the HTML standard's text/event-stream) to one client, bounded: who does not read is cut. */
import type { FastifyReply } from 'fastify';
import { eventStreamHeartbeatMs, eventStreamUnreadBytesMax } from '../../../config/base/admin-limits.js';
import type { CancelTimer, Clock } from '../../../config/base/clock.js';

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
  #heartbeat: CancelTimer;
  #isOpen = true;

  /** Takes the answer over and sends its head. Ends with the client, or by `close`. */
  constructor(reply: FastifyReply, clock: Clock) {
    this.#reply = reply;
    this.#clock = clock;
    // What was set on the reply so far (security headers) goes out with it.
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) reply.raw.setHeader(name, value);
    }
    reply.hijack();
    reply.raw.socket?.setTimeout(0);
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    reply.raw.flushHeaders();
    reply.raw.once('close', () => this.close());
    this.#heartbeat = this.#beat();
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
    this.#isOpen = false;
    this.#heartbeat();
    this.#reply.raw.end();
    for (const run of this.#closed) run();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#heartbeat();
    this.#reply.raw.destroy();
    for (const run of this.#closed) run();
  }

  #beat(): CancelTimer {
    return this.#clock.setTimer(eventStreamHeartbeatMs, () => {
      this.#heartbeat = this.#beat();
      this.sendText(': still here\n\n');
    });
  }
}
