import { writeScratchBytes } from '../../config/base/limits.js';

const sparesMax = 64;
const spares: Buffer[] = [];

/** A buffer of `writeScratchBytes` that nobody else uses. A fresh one would cost a page fault per 4 KiB. */
export function takeBuffer(): Buffer {
  return spares.pop() ?? Buffer.allocUnsafeSlow(writeScratchBytes);
}

/** The kernel has what was in it. A buffer that is never given back is simply collected. */
export function giveBack(buffer: Buffer): void {
  if (spares.length < sparesMax) spares.push(buffer);
}
