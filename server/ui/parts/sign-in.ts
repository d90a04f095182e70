/** The way in: a token that somebody has, or the link that the command line prints. */
import { ApiError, describeProblem, request, sessionPath } from '../api/client.js';
import { keepPageSecret } from '../api/session-secret.js';
import type { Caller } from '../app.js';
import { type ElementView, h } from '../dom/view.js';
import { valueOf } from './dialog.js';

interface OpenedSession extends Caller {
  readonly secret: string;
}

export class SignIn {
  readonly #changed: () => void;
  readonly #entered: (caller: Caller) => void;
  #problem = '';
  #token = '';
  #busy = false;

  constructor(changed: () => void, entered: (caller: Caller) => void) {
    this.#changed = changed;
    this.#entered = entered;
  }

  /** With the code of a link, else with the session of before; over the admin socket nothing is needed. */
  async begin(): Promise<boolean> {
    const code = codeInAddress();
    if (code !== '' && (await this.#enter({ code }))) return true;
    try {
      this.#entered(await request<Caller>('GET', sessionPath));
      return true;
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) this.#problem ||= describeProblem(error);
      return false;
    } finally {
      this.#changed();
    }
  }

  async #enter(proof: { readonly code: string } | { readonly token: string }): Promise<boolean> {
    this.#busy = true;
    this.#problem = '';
    this.#changed();
    try {
      const { secret, ...caller } = await request<OpenedSession>('POST', sessionPath, proof);
      keepPageSecret(secret);
      this.#token = '';
      this.#entered(caller);
      return true;
    } catch (error) {
      this.#problem = describeProblem(error);
      return false;
    } finally {
      this.#busy = false;
      this.#changed();
    }
  }

  view(): ElementView {
    const submit = (event: Event): void => {
      event.preventDefault();
      if (!this.#busy && this.#token !== '') void this.#enter({ token: this.#token.trim() });
    };
    return h(
      'section.signin',
      { key: 'sign-in', 'aria-labelledby': 'sign-in' },
      h('h1', { id: 'sign-in' }, 'Sign in to Sluice'),
      h(
        'form',
        { onSubmit: submit },
        h(
          'label.field',
          {},
          'Token',
          h('input', {
            type: 'password',
            autocomplete: 'current-password',
            spellcheck: 'false',
            onInput: (event) => {
              this.#token = valueOf(event);
            },
          }),
        ),
        h('p.is-bad', { role: 'alert' }, this.#problem),
        h('button.primary', { type: 'submit', disabled: this.#busy }, 'Sign in'),
      ),
      h(
        'p.note',
        {},
        'Or open the link that ',
        h('code', {}, 'sluice admin link'),
        ' prints on the server: it works once.',
      ),
    );
  }
}

/** Taken out of the address at once, so that neither history nor a look over the shoulder has it. */
function codeInAddress(): string {
  const code = /^#code=([\w.~-]{1,200})$/.exec(location.hash)?.[1] ?? '';
  if (code !== '') history.replaceState(null, '', `${location.pathname}#/`);
  return code;
}

export async function signOut(): Promise<void> {
  try {
    await request<null>('DELETE', sessionPath);
  } finally {
    keepPageSecret('');
  }
}
