import { describeProblem, request } from '../api/client.js';
import type { Applied, Files, History, HistoryEntry, Trial } from '../api/config-shapes.js';
import { type App, mayAdminister } from '../app.js';
import { type ElementView, h } from '../dom/view.js';
import { nowMs } from '../page-clock.js';
import { notThere } from '../parts/asked.js';
import { ask } from '../parts/dialog.js';
import { clockTime } from '../parts/format.js';
import { table } from '../parts/table.js';
import { trialView } from '../parts/trial.js';
import { Resource } from '../state/resource.js';

/** What was applied, by whom and why, and the way back. */
export class ConfigHistory {
  readonly name = 'History';
  readonly #app: App;
  readonly #history: Resource<History>;
  /** What going back to it would change. */
  #compared: { readonly id: number; readonly trial: Trial } | null = null;

  constructor(app: App) {
    this.#app = app;
    this.#history = new Resource('/api/v1/config/history', app.invalidate, 10_000);
  }

  open(): () => void {
    return this.#history.open();
  }

  view(): ElementView {
    const { data } = this.#history;
    if (data === null) return notThere(this.#history, 'the history of the configuration');
    const now = nowMs();
    const isAdmin = mayAdminister(this.#app.caller());
    return h(
      'div.stack',
      { key: 'history' },
      table({
        caption: 'Applied configurations, newest first',
        rows: data.entries,
        keyOf: ({ id }) => String(id),
        empty: 'Nothing was applied yet.',
        columns: [
          { name: 'No', kind: 'number', cell: ({ id }) => id },
          { name: 'Time', cell: ({ atMs }) => clockTime(atMs, now) },
          { name: 'By', cell: ({ by, cause }) => (by === '' ? cause : `${by}, ${cause}`) },
          { name: 'What', kind: 'wide', cell: ({ summary }) => summary || '–' },
          { name: 'Why', kind: 'wide', cell: ({ note }) => note || '–' },
          { name: 'Actions', kind: 'actions', cell: (entry) => this.#buttons(entry, isAdmin) },
        ],
      }),
      this.#compared !== null && h('h2', {}, `Going back to ${this.#compared.id}`),
      this.#compared !== null && trialView(this.#compared.trial),
    );
  }

  #buttons(entry: HistoryEntry, isAdmin: boolean): ElementView {
    const { id, canBeRestored } = entry;
    return h(
      'div.buttons.small',
      { role: 'group', 'aria-label': `Configuration ${id}` },
      h(
        'button',
        {
          type: 'button',
          disabled: !canBeRestored,
          'aria-label': `Compare ${id}`,
          onClick: () => void this.#compare(id),
        },
        'Compare',
      ),
      h(
        'button',
        {
          type: 'button',
          disabled: !canBeRestored || !isAdmin,
          'aria-label': `Roll back to ${id}`,
          onClick: () => void this.#rollback(id),
        },
        'Roll back',
      ),
    );
  }

  async #compare(id: number): Promise<void> {
    try {
      this.#compared = { id, trial: await request<Trial>('GET', `/api/v1/config/history/${id}/diff`) };
    } catch (error) {
      this.#app.say({ tone: 'bad', text: describeProblem(error), busy: false });
    }
    this.#app.invalidate();
  }

  async #rollback(id: number): Promise<void> {
    const text = 'Every file of the configuration gets the contents it had then, and is put to work at once.';
    if (!(await ask({ title: `Roll back to ${id}?`, text: [text], verb: 'Roll back', danger: true }))) return;
    const notice = this.#app.say({ tone: 'plain', text: `Rolling back to ${id} …`, busy: true });
    try {
      const { hash } = await request<Files>('GET', '/api/v1/config/files');
      await request<Applied>('POST', `/api/v1/config/rollback/${id}`, { hash, note: '' });
      this.#app.say({ tone: 'good', text: `Rolled back to ${id}`, busy: false }, notice);
    } catch (error) {
      this.#app.say({ tone: 'bad', text: describeProblem(error), busy: false }, notice);
    }
    this.#compared = null;
    this.#history.load();
  }
}
