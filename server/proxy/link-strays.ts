import { linkStreamGraceBytes, linkStreamWindowBytes } from '../../config/base/limits.js';
import { frameHeaderBytes } from '../../pools/link/frames.js';

/** Farewells and credit that may cross the end of an idle stream. */
const idleTailBytes = 16 * frameHeaderBytes;
const busyTailBytes = linkStreamWindowBytes + linkStreamGraceBytes;

/**
 * Counts the frames of a link that concern no stream. They are the tail of streams that this side ended
 * while the worker did not know; each such stream allows for one tail, and the link for a first one.
 */
export class StrayFrames {
  #allowedBytes = busyTailBytes;

  /** This side ended a stream. `isBusy`: an answer may be under way on it. */
  streamEnded(isBusy: boolean): void {
    this.#allowedBytes += isBusy ? busyTailBytes : idleTailBytes;
  }

  /** @returns false when the frame cannot be the tail of anything. */
  receive(payloadBytes: number): boolean {
    this.#allowedBytes -= frameHeaderBytes + payloadBytes;
    return this.#allowedBytes >= 0;
  }
}
