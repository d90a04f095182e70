/** This node in the balance or out of it. Who may see single pools only is not asked about the node. */
import type { NodeAction } from '../../admin/control-plane.js';
import type { NodeView } from '../../admin/site-views.js';
import { act, type App, mayAdminister } from '../app.js';
import { type ElementView, h } from '../dom/view.js';
import { word } from '../parts/badge.js';
import type { Question } from '../parts/dialog.js';
import { Resource } from '../state/resource.js';

const tones: Readonly<Record<NodeView['state'], 'good' | 'warn' | 'bad'>> = {
  starting: 'warn',
  ready: 'good',
  'not-ready': 'bad',
  drained: 'warn',
  stopping: 'warn',
};

const refreshMs = 10_000;

const drainQuestion: Question = {
  title: 'Drain this node?',
  text: [
    'Its readiness turns to 503, so that the load balancer in front sends nothing new. What still comes is served.',
    'Done when no request is under way; pools and workers stay as they are.',
  ],
  verb: 'Drain the node',
  danger: true,
};

export class NodePart {
  readonly #app: App;
  readonly #node: Resource<NodeView>;

  constructor(app: App) {
    this.#app = app;
    this.#node = new Resource('/api/v1/nodes/self', app.invalidate, refreshMs);
  }

  open(): () => void {
    return this.#app.caller().pools === 'all' ? this.#node.open() : () => undefined;
  }

  /** null = nothing is known of it. */
  view(): ElementView | null {
    const { data } = this.#node;
    if (data === null) return null;
    const missing = data.checks.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`);
    return h(
      'div.node',
      {},
      h('span', {}, h('b', {}, data.name), ' ', word(data.state.replace('-', ' '), tones[data.state])),
      h('span.note', {}, `Sluice ${data.version}, Node ${data.nodeVersion}`),
      missing.length > 0 && h('span.note', {}, missing.join('; ')),
      data.state === 'drained'
        ? this.#button('resume', 'Put back into the balance', null)
        : this.#button('drain', 'Drain', drainQuestion),
    );
  }

  #button(action: NodeAction, name: string, question: Question | null): ElementView {
    const allowed = mayAdminister(this.#app.caller());
    const changed = (): void => this.#node.load();
    const order = { title: `${name} this node`, path: `/api/v1/nodes/self/${action}`, question, changed };
    return h(
      'button',
      {
        type: 'button',
        disabled: !allowed,
        title: allowed ? null : 'This needs the role admin',
        onClick: () => void act(this.#app, order),
      },
      name,
    );
  }
}
