/** Compares what app and client saw alone and hosted, literally but for the differences that have a name. */
import { type Difference, differences } from './differences.js';
import type { Record } from './run.js';

export interface Comparison {
  readonly name: string;
  readonly alone: Record;
  readonly hosted: Record;
  /** The named differences that were needed to make the two equal. */
  readonly used: readonly string[];
  readonly isSame: boolean;
}

function isSame(one: Record, other: Record): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function applies(difference: Difference, name: string): boolean {
  return difference.scenarios === 'all' || difference.scenarios.includes(name);
}

/** Both records as they look when the named differences are taken away; each difference is used only where it changes anything. */
export function compare(alone: Record, hosted: Record): Comparison {
  let left = alone;
  let right = hosted;
  const used: string[] = [];
  for (const difference of differences) {
    if (!applies(difference, alone.name)) continue;
    const [newLeft, newRight] = [difference.alone(left), difference.hosted(right)];
    if (!isSame(newLeft, left) || !isSame(newRight, right)) used.push(difference.name);
    left = newLeft;
    right = newRight;
  }
  return { name: alone.name, alone: left, hosted: right, used, isSame: isSame(left, right) };
}
