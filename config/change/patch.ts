/** A configuration as the difference from the one before it: unchanged parts are the same objects on both sides. */
import type { CompiledConfig } from '../model.js';

/** Each run takes `count` entries from `from` on of the list before, then `items`. */
export interface ListPatch<T> {
  readonly runs: readonly { readonly from: number; readonly count: number; readonly items: readonly T[] }[];
}

type ListName = 'pools' | 'sites' | 'applications' | 'sources' | 'applicationSources';

export interface ConfigPatch {
  readonly rest: Omit<CompiledConfig, ListName>;
  readonly lists: { readonly [Name in ListName]: ListPatch<CompiledConfig[Name][number]> };
}

/** `before` null: the whole of `after`. */
export function patchOf(before: CompiledConfig | null, after: CompiledConfig): ConfigPatch {
  const { pools, sites, applications, sources, applicationSources, ...rest } = after;
  return {
    rest,
    lists: {
      pools: listPatch(before?.pools ?? [], pools),
      sites: listPatch(before?.sites ?? [], sites),
      applications: listPatch(before?.applications ?? [], applications),
      sources: listPatch(before?.sources ?? [], sources),
      applicationSources: listPatch(before?.applicationSources ?? [], applicationSources),
    },
  };
}

export function patched(before: CompiledConfig | null, { rest, lists }: ConfigPatch): CompiledConfig {
  return {
    ...rest,
    pools: patchedList(before?.pools ?? [], lists.pools),
    sites: patchedList(before?.sites ?? [], lists.sites),
    applications: patchedList(before?.applications ?? [], lists.applications),
    sources: patchedList(before?.sources ?? [], lists.sources),
    applicationSources: patchedList(before?.applicationSources ?? [], lists.applicationSources),
  };
}

/** Both lists without the entries that they begin and end with alike. */
export function differing<T>(before: readonly T[], after: readonly T[]): { before: readonly T[]; after: readonly T[] } {
  if (before === after) return { before: [], after: [] };
  const { start, end } = edges(before, after);
  return { before: before.slice(start, before.length - end), after: after.slice(start, after.length - end) };
}

/** How many entries are the same at the start and at the end. */
function edges<T>(before: readonly T[], after: readonly T[]): { readonly start: number; readonly end: number } {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < shorter - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  return { start, end };
}

function listPatch<T>(before: readonly T[], after: readonly T[]): ListPatch<T> {
  const { start, end } = edges(before, after);
  const runs: Run<T>[] = [{ from: 0, count: start, items: [] }];
  const places = new Map(before.slice(start, before.length - end).map((item, index) => [item, start + index]));
  for (const item of after.slice(start, after.length - end)) addTo(runs, item, places.get(item));
  runs.push({ from: before.length - end, count: end, items: [] });
  return { runs: runs.filter(({ count, items }) => count > 0 || items.length > 0) };
}

interface Run<T> {
  readonly from: number;
  count: number;
  readonly items: T[];
}

function addTo<T>(runs: Run<T>[], item: T, place: number | undefined): void {
  const last = runs.at(-1);
  if (place === undefined && last !== undefined) last.items.push(item);
  else if (place === undefined) runs.push({ from: 0, count: 0, items: [item] });
  else if (last !== undefined && last.items.length === 0 && last.from + last.count === place) last.count += 1;
  else runs.push({ from: place, count: 1, items: [] });
}

function patchedList<T>(before: readonly T[], { runs }: ListPatch<T>): readonly T[] {
  const [only, ...others] = runs;
  if (others.length === 0 && only?.count === before.length && only.items.length === 0) return before;
  const after: T[] = [];
  for (const { from, count, items } of runs) {
    for (let index = from; index < from + count; index++) {
      const item = before[index];
      if (item !== undefined) after.push(item);
    }
    for (const item of items) after.push(item);
  }
  return after;
}
