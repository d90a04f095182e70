/**
 * The plain object that stands where the TCP handle of a `net.Socket` stands. Node calls `readStart` and
 * `readStop` for flow control, `shutdown` when the app ended its side and `close` when the socket goes.
 */
import type { StreamAddresses } from '../../../link/payloads.js';
import { holdAnchor, releaseAnchor } from './anchor.js';
import { runSoon } from './clean-context.js';

/** What the handle tells: implemented by the stream. */
export interface HandleOwner {
  /** The app wants data again; called from app code. */
  readStarted(): void;
  /** `socket.end()` and everything before it was written. */
  shutDown(): void;
  /** The socket was destroyed; `aboutToClose` follows in a macrotask of its own. */
  closing(): void;
  /** Right before `close` is emitted on the socket. */
  aboutToClose(): void;
}

function family(address: string): string {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

export class FakeHandle {
  reading = false;
  bytesRead = 0;
  bytesWritten = 0;
  readonly fd = -1;
  readonly isStreamBase = false;
  readonly #owner: HandleOwner;
  readonly #addresses: StreamAddresses;
  #referenced = true;
  #closed = false;

  constructor(owner: HandleOwner, addresses: StreamAddresses) {
    this.#owner = owner;
    this.#addresses = addresses;
    holdAnchor();
  }

  readStart(): number {
    this.reading = true;
    this.#owner.readStarted();
    return 0;
  }

  readStop(): number {
    this.reading = false;
    return 0;
  }

  getpeername(out: Record<string, unknown>): number {
    out['address'] = this.#addresses.remoteAddress;
    out['family'] = family(this.#addresses.remoteAddress);
    out['port'] = this.#addresses.remotePort;
    return 0;
  }

  getsockname(out: Record<string, unknown>): number {
    out['address'] = this.#addresses.localAddress;
    out['family'] = family(this.#addresses.localAddress);
    out['port'] = this.#addresses.localPort;
    return 0;
  }

  setNoDelay(): number {
    return 0;
  }

  setKeepAlive(): number {
    return 0;
  }

  ref(): void {
    if (this.#referenced || this.#closed) return;
    this.#referenced = true;
    holdAnchor();
  }

  unref(): void {
    if (!this.#referenced || this.#closed) return;
    this.#referenced = false;
    releaseAnchor();
  }

  hasRef(): boolean {
    return this.#referenced;
  }

  getAsyncId(): number {
    return 1;
  }

  /** 1 = finished synchronously: no native request completes later. */
  shutdown(): number {
    this.#owner.shutDown();
    return 1;
  }

  close(callback?: () => void): void {
    if (this.#closed) return;
    this.unref();
    this.#closed = true;
    this.#owner.closing();
    runSoon(closed, { owner: this.#owner, callback });
  }
}

function closed(what: { owner: HandleOwner; callback: (() => void) | undefined }): void {
  what.owner.aboutToClose();
  what.callback?.();
}
