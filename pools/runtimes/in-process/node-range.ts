/**
 * As much of npm's version ranges as `engines.node` uses: comparators joined by blanks (all must hold) and `||`
 * (one must hold), `^`, `~`, `x` and hyphens. Only explains failures: what it does not know fits.
 */
type Version = readonly [major: number, minor: number, patch: number];

const rangeCharsMax = 200;

/** null: the range is not understood. */
export function isInRange(version: string, range: string): boolean | null {
  const actual = parse(version.replace(/^v/, ''));
  if (actual === null || actual.parts.length < 3 || range.length > rangeCharsMax) return null;
  let fits = false;
  for (const alternative of range.split('||')) {
    const holds = holdsAll(actual.version, alternative.trim());
    if (holds === null) return null;
    fits ||= holds;
  }
  return fits;
}

function holdsAll(actual: Version, text: string): boolean | null {
  const hyphen = text.split(' - ');
  const words =
    hyphen.length === 2
      ? [`>=${hyphen[0]?.trim()}`, `<=${hyphen[1]?.trim()}`]
      : text.replaceAll(/([<>=~^]) +/g, '$1').split(/ +/);
  let all = true;
  for (const word of words) {
    const holds = word === '' || word === '*' ? true : holdsOne(actual, word);
    if (holds === null) return null;
    all &&= holds;
  }
  return all;
}

function holdsOne(actual: Version, word: string): boolean | null {
  const operator = /^(?:>=|<=|>|<|=|\^|~)?/.exec(word)?.[0] ?? '';
  const wanted = parse(word.slice(operator.length).replace(/^v/, ''));
  if (wanted === null) return null;
  const { version: from, parts } = wanted;
  const next = after(from, parts.length);
  switch (operator) {
    case '>=':
      return compare(actual, from) >= 0;
    case '<':
      return compare(actual, from) < 0;
    case '>':
      return compare(actual, parts.length < 3 ? next : from) >= (parts.length < 3 ? 0 : 1);
    case '<=':
      return parts.length < 3 ? compare(actual, next) < 0 : compare(actual, from) <= 0;
    case '^':
      return compare(actual, from) >= 0 && compare(actual, after(from, from[0] > 0 ? 1 : 2)) < 0;
    case '~':
      return compare(actual, from) >= 0 && compare(actual, after(from, Math.min(parts.length, 2))) < 0;
    default:
      return compare(actual, from) >= 0 && compare(actual, next) < 0;
  }
}

/** `20`, `20.x`, `20.19.1`; a part that is x ends the version. */
function parse(text: string): { readonly version: Version; readonly parts: readonly number[] } | null {
  const parts: number[] = [];
  for (const part of text.split('.')) {
    if (part === 'x' || part === 'X' || part === '*') break;
    if (!/^\d{1,5}$/.test(part)) return null;
    parts.push(Number(part));
  }
  if (parts.length === 0 || parts.length > 3) return null;
  return { version: [parts[0] ?? 0, parts[1] ?? 0, parts[2] ?? 0], parts };
}

/** The first version behind all that share the first `count` parts. */
function after([major, minor, patch]: Version, count: number): Version {
  if (count <= 1) return [major + 1, 0, 0];
  return count === 2 ? [major, minor + 1, 0] : [major, minor, patch + 1];
}

function compare(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}
