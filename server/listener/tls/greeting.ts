import type { Socket } from 'node:net';
import { lingerTimeMs, tlsHandshakeLimitMs } from '../../../config/base/limits.js';
import { errorResponse } from '../../http1/error-page.js';
import { addressKey } from '../../http1/ip-address.js';
import type { Deadlines, Expiring } from '../../proxy/deadlines.js';
import { readFirst } from '../../proxy/raw-socket.js';
import type { Arrival } from '../arrival.js';
import { type ClientHello, HelloReader } from './client-hello.js';

export interface GreetingPorts {
  readonly deadlines: Deadlines;
  /** IMF-fixdate of now. */
  date(): string;
  count(result: 'failed' | 'timeout'): void;
  /** The hello is complete. */
  greeted(greeting: Greeting, hello: ClientHello): void;
  /** Nobody waits for this one any more. */
  gone(greeting: Greeting): void;
}

/**
 * hello --complete--> waiting --its turn, its certificate--> handshake --secured--> done
 *   \-- refusal, end --/ \-- asked by an authority --> challenge --closed--/
 */
type GreetingState = 'hello' | 'waiting' | 'handshake' | 'challenge' | 'done';

const plainHttp = { close: true, retryAfterSeconds: 0, head: false, http10: false, format: 'html' } as const;

/** Alerts of RFC 8446 6.2, as a record of their own: nothing is encrypted yet. */
export function alert(description: number): Buffer {
  return Buffer.from([21, 3, 1, 0, 2, 2, description]);
}

const decodeError = alert(50);
const ignored = (): void => undefined;

/** One accepted connection until its handshake is done. All of it has one deadline, counted from accept. */
export class Greeting implements Expiring {
  deadlineMs: number;
  deadlineIndex = -1;
  hello: ClientHello | null = null;
  readonly arrival: Arrival;
  readonly socket: Socket;
  readonly #ports: GreetingPorts;
  readonly #reader = new HelloReader();
  readonly #read = (): void => this.#readable();
  readonly #closed = (): void => this.#leave('failed');
  readonly #ended = (): void => this.destroy();
  /** null = `readable` tells of what comes. */
  readonly #stopReading: (() => void) | null;
  #state: GreetingState = 'hello';
  #sender = '';

  constructor(arrival: Arrival, ports: GreetingPorts) {
    const { socket } = arrival;
    this.arrival = arrival;
    this.socket = socket;
    this.#ports = ports;
    this.deadlineMs = arrival.acceptedMs + tlsHandshakeLimitMs;
    ports.deadlines.add(this);
    socket.allowHalfOpen = true;
    socket.on('error', ignored);
    socket.on('end', this.#ended);
    socket.on('close', this.#closed);
    this.#stopReading = readFirst(socket, (buffer, length) => this.#came(Buffer.from(buffer.subarray(0, length))));
    if (this.#stopReading === null) socket.on('readable', this.#read);
  }

  /** Who it is from, for the order of turns. Kept: a socket that is closed may have forgotten it. */
  get sender(): string {
    this.#sender ||= addressKey(this.arrival.address);
    return this.#sender;
  }

  /** Nothing more is to be done for it. */
  get isGone(): boolean {
    return this.#state === 'done';
  }

  onDeadline(): void {
    this.#leave('timeout');
    this.socket.destroy();
  }

  destroy(): void {
    this.#leave('failed');
    this.socket.destroy();
  }

  /** Last words, in the clear; what the client still sends is thrown away for a moment, so that it gets them. */
  end(words: Buffer | string): void {
    const { socket } = this;
    this.#state = 'done';
    this.#ports.gone(this);
    this.deadlineMs = this.#ports.deadlines.nowMs + lingerTimeMs;
    this.#stop();
    socket.resume();
    socket.end(words, 'latin1');
  }

  /** From now on Node's TLS reads the socket; what was read is put back. A `challenge` is not counted. */
  handOver(to: 'handshake' | 'challenge'): void {
    const { socket } = this;
    this.#state = to;
    this.#stop();
    socket.off('end', this.#ended);
    // Node's TLS over a socket that may be half open never gives back what it held: about 50 KB for each connection.
    socket.allowHalfOpen = false;
    socket.unshift(this.#reader.take());
  }

  /** The handshake is done: the socket is a connection's. */
  finish(): void {
    this.#leave(null);
    this.socket.off('close', this.#closed);
  }

  #stop(): void {
    if (this.#stopReading === null) this.socket.off('readable', this.#read);
    else this.#stopReading();
  }

  #leave(result: 'failed' | 'timeout' | null): void {
    this.#ports.deadlines.remove(this);
    const before = this.#state;
    if (before === 'done') return;
    this.#state = 'done';
    // Who only leaves before its turn has not failed at anything.
    const isCounted = before === 'handshake' || (before !== 'challenge' && result === 'timeout');
    if (result !== null && isCounted) this.#ports.count(result);
    this.#ports.gone(this);
  }

  #readable(): void {
    const chunk = this.socket.read() as Buffer | null;
    if (chunk !== null) this.#came(chunk);
  }

  #came(chunk: Buffer): void {
    if (this.#state === 'done') return;
    const verdict = this.#state === 'hello' ? this.#reader.push(chunk) : this.#reader.hold(chunk);
    switch (verdict) {
      case 'more':
        return;
      case 'bad':
        this.#ports.count('failed');
        return this.end(decodeError);
      case 'not-tls':
        this.#ports.count('failed');
        return this.end(errorResponse(400, 0, 'HttpOnTlsPort', { ...plainHttp, date: this.#ports.date() }));
      default:
        this.#state = 'waiting';
        this.hello = verdict;
        return this.#ports.greeted(this, verdict);
    }
  }
}
