/** Credit of one direction of one stream: the sender spends it, the receiver gives it back. */
import { linkStreamGraceBytes, linkStreamWindowBytes } from '../../config/base/limits.js';

/** Credit of a whole window is returned in lumps of this size: few frames, and the sender never runs dry. */
export const creditLumpBytes = linkStreamWindowBytes / 4;

/** How many bytes may still be sent. It may go below zero once: a piece is never cut for it. */
export class SendWindow {
  credit = linkStreamWindowBytes;

  get isOpen(): boolean {
    return this.credit > 0;
  }

  spend(bytes: number): void {
    this.credit -= bytes;
  }

  /** @returns false when the receiver gives back more than it ever got. */
  grant(bytes: number): boolean {
    if (bytes <= 0 || bytes > linkStreamWindowBytes - this.credit) return false;
    this.credit += bytes;
    return true;
  }
}

/** How many bytes the other side may still send here, and what it is owed. */
export class ReceiveWindow {
  #open: number;
  #owed = 0;
  #size: number;

  constructor(size = linkStreamWindowBytes) {
    this.#open = size;
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  /** The sender may have so many more under way; told with the next credit. */
  grow(bytes: number): void {
    this.#size += bytes;
    this.#owed += bytes;
  }

  /** @returns false when the sender sent more than it was allowed (grace for an exiting worker included). */
  receive(bytes: number): boolean {
    this.#open -= bytes;
    return this.#open >= -linkStreamGraceBytes;
  }

  /** Bytes were handed on. @returns the credit to send now; 0 = not yet worth a frame. */
  release(bytes: number): number {
    this.#owed += bytes;
    if (this.#owed < this.#size / 4) return 0;
    const lump = this.#owed;
    this.#owed = 0;
    this.#open += lump;
    return lump;
  }
}
