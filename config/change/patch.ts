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

function listPatch<T>(before: readonly T[], after: readonly T[]): ListPatch<T> {
  const places = new Map(before.map((item, index) => [item, index]));
  const runs: { from: number; count: number; items: T[] }[] = [];
  let last: { from: number; count: number; items: T[] } | undefined;
  for (const item of after) {
    const place = places.get(item);
    if (place === undefined) {
      if (last === undefined) runs.push((last = { from: 0, count: 0, items: [] }));
      last.items.push(item);
    } else if (last !== undefined && last.items.length === 0 && last.from + last.count === place) last.count += 1;
    else runs.push((last = { from: place, count: 1, items: [] }));
  }
  return { runs };
}

function patchedList<T>(before: readonly T[], { runs }: ListPatch<T>): readonly T[] {
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
