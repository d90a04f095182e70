import type { Row } from '../../experiment.js';

export async function brokenDisks(scale: number): Promise<readonly Row[]> {
  await Promise.resolve();
  return scale > 0 ? [] : [];
}
