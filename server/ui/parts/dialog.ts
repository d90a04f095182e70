/** Questions before something is done. The browser's own dialog keeps the focus inside and gives it back. */
import { type Child, h, whenCreated } from '../dom/view.js';
import { Root } from '../dom/patch.js';

export interface Question {
  readonly title: string;
  readonly text: readonly Child[];
  /** What the button says that does it. */
  readonly verb: string;
  readonly danger: boolean;
  /** The name that has to be typed first; '' = none. */
  readonly typed?: string;
}

/** true = do it. */
export function ask(question: Question): Promise<boolean> {
  const place = document.createElement('div');
  document.body.append(place);
  const root = new Root(place);
  return new Promise((resolve) => {
    let dialog: HTMLDialogElement | null = null;
    let text = '';
    const close = (value: string): void => dialog?.close(value);
    const render = (): void => root.render([dialogView(question, text, type, close, opened)]);
    const type = (now: string): void => {
      text = now;
      render();
    };
    const opened = (element: Element): void => {
      if (!(element instanceof HTMLDialogElement)) return;
      dialog = element;
      element.addEventListener('close', () => {
        place.remove();
        resolve(element.returnValue === 'do');
      });
    };
    render();
    (dialog as HTMLDialogElement | null)?.showModal();
  });
}

function dialogView(
  question: Question,
  text: string,
  type: (text: string) => void,
  close: (value: string) => void,
  opened: (element: Element) => void,
): ReturnType<typeof h> {
  const { title, verb, danger, typed = '' } = question;
  const submit = (event: Event): void => {
    event.preventDefault();
    if (typed === '' || text === typed) close('do');
  };
  const form = h(
    'form',
    { onSubmit: submit },
    h('h2', { id: 'question' }, title),
    question.text.map((line) => h('p', {}, line)),
    typed !== '' &&
      h(
        'label.field',
        {},
        `Type ${typed} to confirm`,
        h('input', { type: 'text', autocomplete: 'off', onInput: (event) => type(valueOf(event)) }),
      ),
    h(
      'div.buttons',
      {},
      h('button', { type: 'button', onClick: () => close('') }, 'Cancel'),
      h(
        'button',
        { type: 'submit', class: danger ? 'danger' : 'primary', disabled: typed !== '' && text !== typed },
        verb,
      ),
    ),
  );
  return whenCreated(h('dialog', { 'aria-labelledby': 'question' }, form), opened);
}

/** What stands in the field that the event is about. */
export function valueOf(event: Event): string {
  const { currentTarget: field } = event;
  const isField =
    field instanceof HTMLInputElement || field instanceof HTMLSelectElement || field instanceof HTMLTextAreaElement;
  return isField ? field.value : '';
}
