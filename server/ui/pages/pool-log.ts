/** The end of what a pool's applications print, as it comes. */
import type { App } from '../app.js';
import { EventFeed } from '../api/event-stream.js';
import { type ElementView, h, whenCreated } from '../dom/view.js';
import { part } from '../parts/part.js';

const linesKept = 500;
const linesAtFirst = 100;

interface Line {
  readonly id: number;
  readonly text: string;
}

export class PoolLog {
  readonly #app: App;
  readonly #path: string;
  #lines: readonly Line[] = [];
  /** What is shown while nothing moves; null = all there is. */
  #held: readonly Line[] | null = null;
  #count = 0;
  #state: 'waiting' | 'open' | 'failed' = 'waiting';
  #element: Element | null = null;

  constructor(app: App, pool: string) {
    this.#app = app;
    this.#path = `/api/v1/logs?source=output&follow=1&lines=${linesAtFirst}&pool=${encodeURIComponent(pool)}`;
  }

  open(): () => void {
    const feed = new EventFeed(this.#path, {
      opened: () => this.#is('open'),
      lost: (_error, isFinal) => this.#is(isFinal ? 'failed' : 'waiting'),
      message: ({ event, data }) => {
        if (event === 'line') this.#add(textOf(data));
        else if (event === 'skipped') this.#add('… too much at once, some of it is not shown …');
      },
    });
    return feed.open();
  }

  #is(state: 'waiting' | 'open' | 'failed'): void {
    this.#state = state;
    this.#app.invalidate();
  }

  #add(text: string): void {
    this.#count += 1;
    this.#lines = [...this.#lines.slice(1 - linesKept), { id: this.#count, text }];
    this.#app.invalidate();
  }

  view(): ElementView {
    const toggle = h(
      'button',
      {
        type: 'button',
        'aria-pressed': String(this.#held !== null),
        onClick: () => {
          this.#held = this.#held === null ? this.#lines : null;
          this.#app.invalidate();
        },
      },
      this.#held !== null ? 'Go on' : 'Pause',
    );
    if (this.#state === 'failed') {
      return part(
        'Log',
        '',
        h('p.empty', { key: 'none' }, 'This server does not offer the log, or you may not read it.'),
      );
    }
    this.#follow();
    const rows = (this.#held ?? this.#lines).map(({ id, text }) => h('div', { key: String(id) }, text));
    const none = this.#state === 'open' ? 'Nothing was printed since this page was opened.' : 'Connecting …';
    return part(
      'Log',
      toggle,
      whenCreated(
        h(
          'div.log',
          { key: 'log', role: 'log', tabindex: 0, 'aria-label': 'Output of the applications', 'aria-live': 'off' },
          rows.length === 0 ? h('p.note', { key: 'none' }, none) : rows,
        ),
        (element) => {
          this.#element = element;
        },
      ),
    );
  }

  /** Stays at the end unless somebody scrolled up to read. */
  #follow(): void {
    const element = this.#element;
    if (element === null || element.scrollTop + element.clientHeight < element.scrollHeight - 30) return;
    requestAnimationFrame(() => {
      element.scrollTop = element.scrollHeight;
    });
  }
}

/** A line, with the worker that wrote it. */
function textOf(data: unknown): string {
  const { text, workerId } = data as { readonly text?: string; readonly workerId?: number };
  return workerId === undefined ? (text ?? '') : `${workerId}  ${text ?? ''}`;
}
