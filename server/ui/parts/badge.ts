/** A state as shape and word, never as a colour alone. */
import { type ElementView, h } from '../dom/view.js';
import { type Health, healthNames } from '../state/health.js';

const shapes: Readonly<Record<Health, string>> = {
  failing: 'M6 1 11 10.5H1Z',
  changing: 'M6 1 11 6 6 11 1 6Z',
  running: 'M6 1.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9',
  idle: 'M6 2a4 4 0 1 0 0 8a4 4 0 1 0 0-8',
  stopped: 'M2 2h8v8H2Z',
};

export function badge(health: Health): ElementView {
  const mark = h('svg', { viewBox: '0 0 12 12', 'aria-hidden': 'true' }, h('path', { d: shapes[health] }));
  return h('span.badge', { class: `health-${health}` }, mark, healthNames[health]);
}

/** A word of the API (`running`, `good`, `failed`) with its tone. */
export function word(text: string, tone: 'good' | 'bad' | 'warn' | 'plain'): ElementView {
  return h('span.word', { class: `is-${tone}` }, text);
}
