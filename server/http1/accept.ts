/** Which form of an error page a client asked for (RFC 9110 12.5.1), without regular expressions over its words. */
export type PageFormat = 'html' | 'json' | 'text';

/** A browser names a dozen ranges; what stands behind this many is not looked at. */
const rangesMax = 32;

/**
 * The format with the highest weight; among equals the more exact range, then the first. `*` and absence mean
 * HTML. A field that refuses all three gets HTML as well: the status says more than a 406 would.
 */
export function pageFormat(accept: string): PageFormat {
  let best: PageFormat = 'html';
  let bestWeight = 0;
  let bestExactness = -1;
  let at = 0;
  for (let count = 0; count < rangesMax && at < accept.length; count++) {
    const comma = accept.indexOf(',', at);
    const end = comma < 0 ? accept.length : comma;
    const range = accept.slice(at, end);
    at = end + 1;
    const semicolon = range.indexOf(';');
    const type = (semicolon < 0 ? range : range.slice(0, semicolon)).trim().toLowerCase();
    const format = formatOf(type);
    if (format === null) continue;
    const weight = semicolon < 0 ? 1 : weightOf(range, semicolon);
    const exactness = type.endsWith('/*') ? (type === '*/*' ? 0 : 1) : 2;
    if (weight < bestWeight || weight === 0) continue;
    if (weight === bestWeight && exactness <= bestExactness) continue;
    best = format;
    bestWeight = weight;
    bestExactness = exactness;
  }
  return best;
}

function formatOf(type: string): PageFormat | null {
  switch (type) {
    case 'text/html':
    case 'application/xhtml+xml':
    case 'text/*':
    case '*/*':
      return 'html';
    case 'application/json':
    case 'application/problem+json':
    case 'application/*':
      return 'json';
    case 'text/plain':
      return 'text';
    default:
      return null;
  }
}

/** `q` of a range; a weight that cannot be read counts as 0. */
function weightOf(range: string, from: number): number {
  for (const parameter of range.slice(from + 1).split(';')) {
    const text = parameter.trim();
    if (!text.startsWith('q=') && !text.startsWith('Q=')) continue;
    const weight = text.length > 7 || text.length < 3 ? Number.NaN : Number(text.slice(2));
    return weight >= 0 && weight <= 1 ? weight : 0;
  }
  return 1;
}
