/** What stands where an answer is not there: still asked for, failed, or not offered by this server. */
import { type ElementView, h } from '../dom/view.js';
import type { Resource } from '../state/resource.js';

export function notThere<T>(resource: Resource<T>, what: string): ElementView {
  const texts = {
    loading: `Loading ${what} …`,
    ready: '',
    failed: `${what} cannot be shown: ${resource.problem}`,
    missing: `This server does not offer ${what}.`,
  } as const;
  const tone = resource.state === 'failed' ? 'is-bad' : '';
  return h('p.empty', { key: 'not-there', class: tone, role: 'status' }, texts[resource.state]);
}
