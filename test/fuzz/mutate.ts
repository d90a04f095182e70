import type { Random } from '../support/random.js';

const interesting = [
  '\r',
  '\n',
  '\r\n',
  '\0',
  ':',
  '\t',
  ' ',
  ';',
  ',',
  '"',
  '\\',
  '0',
  '5',
  'chunked',
  'Content-Length: 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  '\xff',
  '\x7f',
  '_',
  '#',
  '%',
];

/** One to four mutations of one or two seeds: bytes deleted, replaced, inserted, swapped, repeated, joined. */
export function mutate(random: Random, seeds: readonly Buffer[]): Buffer {
  let text = random.pick(seeds).toString('latin1');
  for (let i = 1 + random.below(4); i > 0; i--) text = mutateOnce(random, text, seeds);
  return Buffer.from(text, 'latin1');
}

function mutateOnce(random: Random, text: string, seeds: readonly Buffer[]): string {
  const at = random.below(text.length + 1);
  const to = Math.min(text.length, at + 1 + random.below(6));
  switch (random.below(8)) {
    case 0:
      return text.slice(0, at) + text.slice(to);
    case 1:
      return text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + random.pick(interesting) + text.slice(at);
    case 3:
      return text.slice(0, at) + text.slice(at, to).repeat(2) + text.slice(to);
    case 4:
      return text + random.pick(seeds).toString('latin1');
    case 5:
      return swapLines(random, text);
    case 6:
      return text.slice(0, at) + text.slice(at, to).toUpperCase() + text.slice(to);
    default:
      return text.slice(0, at);
  }
}

function swapLines(random: Random, text: string): string {
  const lines = text.split('\r\n');
  const a = random.below(lines.length);
  const b = random.below(lines.length);
  [lines[a], lines[b]] = [lines[b] ?? '', lines[a] ?? ''];
  return lines.join('\r\n');
}
