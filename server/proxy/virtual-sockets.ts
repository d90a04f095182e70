import { linkWindowGrowthBytesMax } from '../../config/base/limits.js';
import type { ForwardContext } from '../http1/forward.js';
import type { Link } from './link.js';
import type { LinkStream } from './link-stream.js';

/**
 * What one client connection is to its in-process workers. Over HTTP/1 that is one virtual socket for each worker;
 * over HTTP/2 one for every request that runs at the same time, used again when it is over.
 */
export class VirtualSockets {
  readonly #sockets: LinkStream[] = [];
  readonly #closeIfIdle: () => void;
  /** Several at a time, whose answers nobody may take: their windows are small. */
  readonly areSeveral: boolean;
  #grownBytes = 0;

  /** `closeIfIdle`: an app cut a socket on which nothing ran. */
  constructor(closeIfIdle: () => void, areSeveral: boolean) {
    this.#closeIfIdle = closeIfIdle;
    this.areSeveral = areSeveral;
  }

  /** Asks for room to widen the window of one. */
  mayGrow(bytes: number): boolean {
    if (this.#grownBytes + bytes > linkWindowGrowthBytesMax) return false;
    this.#grownBytes += bytes;
    return true;
  }

  shrunk(bytes: number): void {
    this.#grownBytes -= bytes;
  }

  /**
   * The one of this client that was used last: those of a burst grow old and are swept by their worker. If the idle
   * ones are other clients', one makes room: there are never more than requests ran at the same time.
   */
  idle(link: Link, client: ForwardContext): LinkStream | null {
    let other: LinkStream | null = null;
    for (let i = this.#sockets.length - 1; i >= 0; i -= 1) {
      const socket = this.#sockets[i] as LinkStream;
      if (socket.link !== link || !socket.isIdle) continue;
      if (socket.isOf(client)) return socket;
      other = socket;
    }
    other?.close();
    return null;
  }

  add(socket: LinkStream): void {
    this.#sockets.push(socket);
  }

  remove(socket: LinkStream): void {
    const index = this.#sockets.indexOf(socket);
    if (index < 0) return;
    const last = this.#sockets.pop();
    if (last !== undefined && last !== socket) this.#sockets[index] = last;
  }

  idleSocketCut(): void {
    this.#closeIfIdle();
  }

  /** The client connection ends. */
  close(): void {
    for (const socket of this.#sockets.slice()) socket.close();
  }
}
