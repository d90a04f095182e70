/** Questions before something is done. The browser's own dialog keeps the focus inside and gives it back. */
import { type Child, type ElementView, h, whenCreated } from '../dom/view.js';
import { Root } from '../dom/patch.js';

export interface Question {
  readonly title: string;
  readonly text: readonly Child[];
  /** What the button says that does it. */
  readonly verb: string;
  readonly danger: boolean;
  /** Something to be filled in. */
  readonly field?: Field;
}

export interface Field {
  readonly label: string;
  /** A whole number within these bounds. */
  readonly least: number;
  readonly most: number;
  readonly value: number;
}

/** true = do it. */
export async function ask(question: Question): Promise<boolean> {
  return (await shown(question)) !== null;
}

/** null = do not do it. */
export async function askNumber(question: Question & { readonly field: Field }): Promise<number | null> {
  const text = await shown(question);
  return text === null ? null : Number(text);
}

/** The text of the field when it is to be done, '' without one. */
function shown(question: Question): Promise<string | null> {
  const place = document.createElement('div');
  document.body.append(place);
  const root = new Root(place);
  let text = String(question.field?.value ?? '');
  return new Promise((resolve) => {
    let dialog: HTMLDialogElement | null = null;
    const opened = (element: Element): void => {
      if (!(element instanceof HTMLDialogElement)) return;
      dialog = element;
      element.addEventListener('close', () => {
        place.remove();
        resolve(element.returnValue === 'do' ? text : null);
      });
    };
    const type = (now: string): void => {
      text = now;
    };
    root.render([dialogView(question, text, type, (value) => dialog?.close(value), opened)]);
    (dialog as HTMLDialogElement | null)?.showModal();
  });
}

function dialogView(
  { title, text: lines, verb, danger, field }: Question,
  text: string,
  type: (text: string) => void,
  close: (value: string) => void,
  opened: (element: Element) => void,
): ReturnType<typeof h> {
  // The browser has checked the field by then.
  const submit = (event: Event): void => {
    event.preventDefault();
    close('do');
  };
  const form = h(
    'form',
    { onSubmit: submit },
    h('h2', { id: 'question' }, title),
    lines.map((line) => h('p', {}, line)),
    field !== undefined && fieldView(field, text, type),
    h(
      'div.buttons',
      {},
      h('button', { type: 'button', onClick: () => close('') }, 'Cancel'),
      h('button', { type: 'submit', class: danger ? 'danger' : 'primary' }, verb),
    ),
  );
  return whenCreated(h('dialog', { 'aria-labelledby': 'question' }, form), opened);
}

function fieldView({ label, least, most }: Field, value: string, type: (text: string) => void): ElementView {
  const onInput = (event: Event): void => type(valueOf(event));
  return h(
    'label.field',
    {},
    label,
    h('input', { type: 'number', required: true, min: least, max: most, step: 1, value, onInput }),
  );
}

/** What stands in the field that the event is about. */
export function valueOf(event: Event): string {
  const { currentTarget: field } = event;
  const isField =
    field instanceof HTMLInputElement || field instanceof HTMLSelectElement || field instanceof HTMLTextAreaElement;
  return isField ? field.value : '';
}
