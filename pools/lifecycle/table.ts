/**
 * The form of every machine here: a table with one cell for each pair of state and event. A cell names
 * the states it may lead to, so that a test can compare the table with the diagram under the union
 * type, and `step` holds every cell to its word.
 */
import { invariant } from '../../config/base/invariant.js';

export interface Step<M, F> {
  readonly machine: M;
  readonly effects: readonly F[];
}

export interface Cell<S extends string, M, E, F> {
  /** Every state this cell may end in; empty = the event is ignored here. */
  readonly to: readonly S[];
  run(machine: M, event: E): Step<M, F>;
}

export type Table<S extends string, M, E extends { readonly type: string }, F> = {
  readonly [state in S]: { readonly [type in E['type']]: Cell<S, M, Extract<E, { readonly type: type }>, F> };
};

/** A cell that may end in one of `to`. */
export function go<S extends string, M, E, F>(
  to: readonly S[],
  run: (machine: M, event: E) => Step<M, F>,
): Cell<S, M, E, F> {
  return { to, run };
}

/** A pair that has no meaning; written out in the table, never assumed. */
export const ignored = { to: [], run: <M>(machine: M): Step<M, never> => ({ machine, effects: [] }) } as const;

/** Runs one event. Throws InvariantError when a cell ends where its row in the table does not say. */
export function step<S extends string, M extends { readonly life: S }, E extends { readonly type: string }, F>(
  table: Table<S, M, E, F>,
  machine: M,
  event: E,
): Step<M, F> {
  const row: Readonly<Record<string, Cell<S, M, E, F>>> = table[machine.life];
  const cell = row[event.type];
  invariant(cell !== undefined, `no cell for ${machine.life} and ${event.type}`);
  const result = cell.run(machine, event);
  const { life } = result.machine;
  const allowed = cell.to.length === 0 ? life === machine.life : cell.to.includes(life);
  invariant(allowed, `${event.type} in ${machine.life} led to ${life}, which its cell does not name`);
  return result;
}

/** Every change of state a table allows, as `from --event--> to`, sorted. */
export function edges<S extends string, M, E extends { readonly type: string }, F>(
  table: Table<S, M, E, F>,
): readonly string[] {
  const found: string[] = [];
  for (const [from, row] of Object.entries<Readonly<Record<string, Cell<S, M, never, F>>>>(table)) {
    for (const [type, cell] of Object.entries(row)) {
      for (const to of cell.to) if (to !== from) found.push(`${from} --${type}--> ${to}`);
    }
  }
  return found.toSorted();
}
