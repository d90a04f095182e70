/** One line of `sluice doctor`. */
export interface Finding {
  readonly check: string;
  /** problem: something will not work. warning: it works, but less well or less safely than it could. */
  readonly state: 'ok' | 'warning' | 'problem';
  readonly text: string;
  /** '' exactly with state ok. */
  readonly remedy: string;
}

export function ok(check: string, text: string): Finding {
  return { check, state: 'ok', text, remedy: '' };
}

export function warning(check: string, text: string, remedy: string): Finding {
  return { check, state: 'warning', text, remedy };
}

export function problem(check: string, text: string, remedy: string): Finding {
  return { check, state: 'problem', text, remedy };
}
