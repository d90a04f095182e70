/**
 * Paths of settings as people write them: pools, sites and applications by their names, everything else by its key:
 * `applicationPools.shop.processModel.idleTimeout`, `sites["my.site"].applications["/api"].hosting.processPath`,
 * `sites.main.bindings[0].protocol`.
 */

/** A key or name, or the place in a list. */
export type Step = string | number;

export function showSettingPath(steps: readonly Step[]): string {
  let out = '';
  for (const step of steps) {
    if (typeof step === 'number') out += `[${step}]`;
    else if (/^[A-Za-z0-9_$-]+$/.test(step)) out += out === '' ? step : `.${step}`;
    else out += `[${JSON.stringify(step)}]`;
  }
  return out;
}

/** `path` is `outer` or lies in it; '' holds everything. Both in the form of `showSettingPath`. */
export function isWithin(path: string, outer: string): boolean {
  if (outer === '' || path === outer) return true;
  if (!path.startsWith(outer)) return false;
  const next = path[outer.length];
  return next === '.' || next === '[';
}

/** What may be named in a place of a path: the names of pools, sites, applications. */
export type NamesAt = (before: readonly Step[]) => readonly string[] | null;

/**
 * The steps of a path as somebody wrote it. Names may also be written without quotes (`sites.my.site.limits`), in
 * any case, or as their place in the list (`applicationPools[0]`). Null: it is no path.
 */
export function readSettingPath(text: string, namesAt: NamesAt): readonly Step[] | null {
  const steps: Step[] = [];
  let rest = text.trim();
  while (rest !== '') {
    const next = stepOf(rest, steps.length === 0, namesAt(steps));
    if (next === null) return null;
    steps.push(next.step);
    rest = next.rest;
  }
  return steps;
}

interface Taken {
  readonly step: Step;
  readonly rest: string;
}

function stepOf(rest: string, isFirst: boolean, names: readonly string[] | null): Taken | null {
  const bracket = /^\[(\d{1,6}|"(?:[^"\\]|\\.)*")\]/.exec(rest);
  if (bracket !== null) {
    const step = textOrNumber(bracket[1] ?? '');
    if (step === null) return null;
    return { step: nameOf(step, names), rest: rest.slice(bracket[0].length) };
  }
  const open = isFirst ? rest : rest.startsWith('.') ? rest.slice(1) : null;
  if (open === null) return null;
  const known = longestName(open, names ?? []);
  if (known !== null) return { step: known, rest: open.slice(known.length) };
  const word = /^[^.[\]"]+/.exec(open)?.[0];
  return word === undefined ? null : { step: word, rest: open.slice(word.length) };
}

function textOrNumber(inside: string): Step | null {
  if (!inside.startsWith('"')) return Number(inside);
  try {
    return String(JSON.parse(inside));
  } catch {
    return null;
  }
}

function nameOf(step: Step, names: readonly string[] | null): Step {
  if (names === null) return step;
  if (typeof step === 'number') return names[step] ?? step;
  return names.find((name) => name.toLowerCase() === step.toLowerCase()) ?? step;
}

/** A name may hold dots: the longest one that the text begins with and that ends there. */
function longestName(text: string, names: readonly string[]): string | null {
  let best: string | null = null;
  for (const name of names) {
    const next = text[name.length];
    const ends = next === undefined || next === '.' || next === '[';
    if (!ends || name.length <= (best?.length ?? 0)) continue;
    if (text.slice(0, name.length).toLowerCase() === name.toLowerCase()) best = name;
  }
  return best;
}
