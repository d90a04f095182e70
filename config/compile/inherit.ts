/** Layers of inheritance: the nearest one that sets a value wins, key by key. */
type Plain = Readonly<Record<string, unknown>>;

export function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `inner` over `outer`, maps merged, everything else replaced. The result has no prototype. */
export function inherit(outer: unknown, inner: unknown): Plain {
  const merged: Record<string, unknown> = Object.create(null);
  if (isPlain(outer)) Object.assign(merged, outer);
  if (!isPlain(inner)) return merged;
  for (const [key, value] of Object.entries(inner)) {
    const before = merged[key];
    // Collections of variables are merged by name where they are compiled: they have two forms.
    if (isPlain(before) && isPlain(value) && key !== 'environmentVariables') merged[key] = inherit(before, value);
    else merged[key] = value;
  }
  return merged;
}

/** Text of a raw value that the schema has already proven to be text; anything else is ''. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
