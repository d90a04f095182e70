import { ApiError, describeProblem, request } from '../api/client.js';
import type { Applied, Files, FileText, Problem, Trial } from '../api/config-shapes.js';
import type { App } from '../app.js';
import { type ElementView, h } from '../dom/view.js';
import { notThere } from '../parts/asked.js';
import { ask, valueOf } from '../parts/dialog.js';
import { trialView } from '../parts/trial.js';
import { Resource } from '../state/resource.js';

/** One file as text: what is wrong with it, what it would change, and applying it. */
export class ConfigEdit {
  readonly name = 'Edit';
  readonly #app: App;
  readonly #files: Resource<Files>;
  #file: Resource<FileText> | null = null;
  #closeFile: () => void = () => undefined;
  /** null = as it was read. */
  #text: string | null = null;
  #note = '';
  #trial: Trial | null = null;
  #problem = '';
  #busy = false;

  constructor(app: App) {
    this.#app = app;
    this.#files = new Resource('/api/v1/config/files', app.invalidate);
  }

  open(): () => void {
    const close = this.#files.open();
    this.#choose('');
    return () => {
      close();
      this.#closeFile();
    };
  }

  #choose(file: string): void {
    this.#closeFile();
    this.#file = new Resource(`/api/v1/config/file?file=${encodeURIComponent(file)}`, this.#app.invalidate);
    this.#closeFile = this.#file.open();
    this.#text = null;
    this.#trial = null;
    this.#problem = '';
    this.#app.invalidate();
  }

  view(): ElementView {
    const file = this.#file;
    const data = file?.data ?? null;
    if (data === null) {
      const what = 'the text of the configuration';
      return file === null ? notThere(this.#files, what) : notThere(file, what);
    }
    const isOff = this.#busy || data.notWritable !== '';
    return h(
      'div.stack',
      { key: 'edit' },
      this.#fileChoice(data.file),
      data.notWritable !== '' && h('p.banner.is-warn', {}, `It can be tried but not applied here: ${data.notWritable}`),
      h('textarea', {
        key: `text ${data.file} ${data.hash}`,
        'aria-label': 'Text of the file',
        spellcheck: 'false',
        value: this.#text ?? data.text,
        onInput: (event) => {
          this.#text = valueOf(event);
        },
      }),
      h(
        'div.controls',
        {},
        h(
          'button',
          { type: 'button', disabled: this.#busy, onClick: () => void this.#try('validate', data) },
          'Validate',
        ),
        h(
          'button',
          { type: 'button', disabled: this.#busy, onClick: () => void this.#try('diff', data) },
          'Show changes',
        ),
        h('input', {
          type: 'text',
          placeholder: 'Why (for the history)',
          'aria-label': 'Note for the history',
          onInput: (event) => {
            this.#note = valueOf(event);
          },
        }),
        h('button.primary', { type: 'button', disabled: isOff, onClick: () => void this.#apply(data) }, 'Apply'),
      ),
      this.#problem !== '' && h('p.banner.is-bad', { role: 'alert' }, this.#problem),
      this.#trial !== null && trialView(this.#trial),
    );
  }

  #fileChoice(chosen: string): ElementView {
    const files = this.#files.data?.files ?? [];
    if (files.length < 2) return h('p.note', {}, h('code', {}, chosen));
    return h(
      'label.field',
      {},
      'File',
      h(
        'select',
        { value: chosen, onChange: (event) => this.#choose(valueOf(event)) },
        files.map(({ file }) => h('option', { key: file, value: file }, file)),
      ),
    );
  }

  async #try(what: 'validate' | 'diff', file: FileText): Promise<Trial | null> {
    this.#problem = '';
    this.#busy = true;
    this.#app.invalidate();
    try {
      const body = { file: file.file, text: this.#text ?? file.text };
      this.#trial = await request<Trial>('POST', `/api/v1/config/${what}`, body);
      return this.#trial;
    } catch (error) {
      this.#problem = describeProblem(error);
      return null;
    } finally {
      this.#busy = false;
      this.#app.invalidate();
    }
  }

  async #apply(file: FileText): Promise<void> {
    const trial = await this.#try('diff', file);
    if (trial === null || !trial.valid) return;
    const changes = trial.settings?.total ?? 0;
    const recycled = trial.plan?.pools.filter(({ change }) => change === 'recycle').length ?? 0;
    const text = `${changes} settings change; ${recycled} pools are recycled. The file is written and put to work at once.`;
    if (!(await ask({ title: 'Apply this configuration?', text: [text], verb: 'Apply', danger: false }))) return;
    const id = this.#app.say({ tone: 'plain', text: 'Applying the configuration …', busy: true });
    try {
      const body = { file: file.file, text: this.#text ?? file.text, hash: file.hash, note: this.#note };
      await request<Applied>('POST', '/api/v1/config/apply', body);
      this.#app.say({ tone: 'good', text: 'The configuration is applied', busy: false }, id);
      this.#choose(file.file);
    } catch (error) {
      this.#app.say({ tone: 'bad', text: describeProblem(error), busy: false }, id);
      if (error instanceof ApiError) this.#refused(error.problems);
    }
  }

  #refused(problems: readonly Problem[]): void {
    if (problems.length === 0) return;
    this.#trial = { valid: false, problems, problemsTotal: problems.length, plan: null, settings: null };
    this.#app.invalidate();
  }
}
