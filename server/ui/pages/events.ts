/** What happened on this node, newest first, as it happens. */
import type { App, Page } from '../app.js';
import { poolHash } from '../app.js';
import { type ElementView, h, memo, type View } from '../dom/view.js';
import { nowMs } from '../page-clock.js';
import { word } from '../parts/badge.js';
import { valueOf } from '../parts/dialog.js';
import { clockTime } from '../parts/format.js';
import type { EventLine } from '../state/store.js';

const shown = 300;

export class EventsPage implements Page {
  readonly title = 'Events';
  readonly section = 'events';
  readonly #app: App;
  #filter = '';
  /** Events so far when the list was held; null = it goes on. */
  #held: readonly EventLine[] | null = null;

  constructor(app: App) {
    this.#app = app;
  }

  view(): readonly View[] {
    const wanted = this.#filter.trim().toLowerCase();
    const all = this.#held ?? this.#app.store.events;
    const found = all.filter((line) =>
      `${line.kind} ${line.pool} ${line.text} ${line.eventId}`.toLowerCase().includes(wanted),
    );
    const rows = found.slice(-shown).reverse();
    return [
      h('h1', { key: 'title' }, 'Events'),
      this.#controls(found.length),
      rows.length === 0
        ? h('p.empty', { key: 'none' }, all.length === 0 ? 'Nothing has happened yet.' : 'No event fits the filter.')
        : h(
            'ol.events',
            { key: 'events', role: 'log', 'aria-label': 'Events, newest first', 'aria-live': 'off' },
            rows.map((line) => memo(line.id, [line], () => eventView(line))),
          ),
    ];
  }

  #controls(found: number): ElementView {
    const held = this.#held !== null;
    return h(
      'section.controls',
      { key: 'controls', 'aria-label': 'Filter' },
      h('input', {
        type: 'search',
        placeholder: 'Filter by pool, kind, text or event id',
        'aria-label': 'Filter events',
        onInput: (event) => {
          this.#filter = valueOf(event);
          this.#app.invalidate();
        },
      }),
      h(
        'button',
        {
          type: 'button',
          'aria-pressed': String(held),
          onClick: () => {
            this.#held = held ? null : this.#app.store.events;
            this.#app.invalidate();
          },
        },
        held ? 'Go on' : 'Pause',
      ),
      h('p.note', { role: 'status' }, found > shown ? `the newest ${shown} of ${found}` : `${found} shown`),
    );
  }
}

function eventView(line: EventLine): ElementView {
  return h(
    'li',
    { key: line.id },
    h('time', {}, clockTime(line.atMs, nowMs())),
    word(line.kind.replaceAll('-', ' '), line.tone),
    h('span.where', {}, line.pool === '' ? '' : h('a', { href: poolHash(line.pool) }, line.pool)),
    h('span.text', {}, line.text, line.eventId > 0 && h('span.note', {}, ` event ${line.eventId}`)),
  );
}
