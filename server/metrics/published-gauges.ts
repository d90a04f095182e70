import { unreachable } from '../../config/base/invariant.js';
import type { Aggregator } from '../../pools/protocol/published-metrics.js';

/** One value of those that the workers of a pool have; null = none has one. */
export function joined(values: readonly number[], aggregator: Aggregator): number | null {
  const [first] = values;
  if (first === undefined) return null;
  const sum = values.reduce((total, value) => total + value, 0);
  switch (aggregator) {
    case 'sum':
      return sum;
    case 'average':
      return sum / values.length;
    case 'min':
      return Math.min(...values);
    case 'max':
      return Math.max(...values);
    case 'first':
      return first;
    case 'omit':
      return null;
    default:
      return unreachable(aggregator);
  }
}
