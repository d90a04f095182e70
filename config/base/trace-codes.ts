/** Lists of statuses as failed-request tracing has them (IIS `failureDefinitions@statusCodes`). */

/** Both ends included, as status * 1000 + sub-status. */
export type CodeRange = readonly [from: number, to: number];

const code = String.raw`\d{3}(?:\.\d{1,3})?`;
const entry = String.raw`${code}(?:\s*-\s*${code})?`;
/** `500-599`, `404` with every sub-status, `503.2`, `400-403.5`; with commas between. */
export const statusCodesPattern = new RegExp(String.raw`^\s*${entry}(?:\s*,\s*${entry})*\s*$`);

/** Ascending, without overlaps; null = not such a list, or a range that ends before it begins. */
export function statusRanges(text: string): readonly CodeRange[] | null {
  if (!statusCodesPattern.test(text)) return null;
  const ranges = text.split(',').map(rangeOf);
  if (ranges.some(([from, to]) => from > to)) return null;
  const merged: CodeRange[] = [];
  for (const [from, to] of ranges.sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last === undefined || from > last[1] + 1) merged.push([from, to]);
    else merged[merged.length - 1] = [last[0], Math.max(last[1], to)];
  }
  return merged;
}

function rangeOf(text: string): CodeRange {
  const [first = '', last = first] = text.split('-').map((end) => end.trim());
  return [codeOf(first, 0), codeOf(last, 999)];
}

function codeOf(text: string, subStatusElse: number): number {
  const [status, subStatus] = text.split('.');
  return Number(status) * 1_000 + (subStatus === undefined ? subStatusElse : Number(subStatus));
}
