import { type Paint, colourOf } from './colours.js';

const plain: Paint = (_colour, text) => text;

/**
 * Rows of text in columns as wide as their widest cell. A cell that is the word of a state is painted as one, and the
 * head bold. Cells with text of tenants are escaped by the caller.
 */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  paint: Paint = plain,
): string {
  const widths = head.map((title, column) => {
    let width = title.length;
    for (const row of rows) width = Math.max(width, (row[column] ?? '').length);
    return width;
  });
  const line = (row: readonly string[], cell: (text: string, padded: string) => string): string =>
    row
      .map((text, column) => cell(text, column === row.length - 1 ? text : text.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  const ruler = widths.map((width) => '-'.repeat(width));
  return [
    line(head, (_text, padded) => paint('bold', padded)),
    line(ruler, (_text, padded) => padded),
    ...rows.map((row) => line(row, (text, padded) => paint(colourOf(text), padded))),
  ].join('\n');
}
