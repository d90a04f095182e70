import { CaseList, chunkedPost, type RequestCase } from './cases.js';

const chunksSizes = [
  '5 ',
  ' 5',
  '+5',
  '-5',
  '0x5',
  '5_',
  '',
  '\t5',
  '5\t',
  '5h',
  'g',
  'FFFFFFFFFFFFFFFF5',
  '1'.repeat(17),
  '100000000',
  '0'.repeat(400) + '5',
  '0000000005',
  '5\x00',
  '5,',
  '5 5',
  '5.',
  '"5"',
  "5'",
  '5\u00a0',
  '\u00a05',
  '\xd9\xa5',
  '5\x0b',
  '5\x0c',
  '5 ;a',
  '5\x7f',
  '000000000',
];
const chunksLines = [
  '5\nhello\r\n',
  '5\r\nhello\n',
  '5\rhello\r\n',
  '5\r\nhello\r',
  '5\r\nhello',
  '5\r\n\nhello\r\n',
  '5\r\r\nhello\r\n',
  '5;\nhello\r\n',
  '5;a\nhello\r\n',
  '5;a=b\nhello\r\n',
  '5;a="b\n"\r\nhello\r\n',
  '2;\nxx',
  '5\r\nhelloX\r\n',
  '5\r\nhell\r\n',
  '4\r\nhello\r\n',
  '6\r\nhello\r\n',
  '5\r\nhello\r\r\n',
  '5\n\nhello\n\n',
  '\r\n5\r\nhello\r\n',
  '5\r\nhello\r\n\r\n',
];
const chunksExtensions = [
  ';',
  ';;a',
  '; a',
  ';a ',
  ';a =b',
  ';a= b',
  ';=b',
  ';a=',
  ';a=;b',
  ';[a]',
  ';a=[b]',
  ';a\x00',
  ';a=\x00',
  ';a\x01b',
  ';a="b',
  ';a="b"c',
  ';a=b"c"',
  ';a="\x00"',
  ';a="\r"',
  ';a="\\\x00"',
  ';a="\\',
  ';a\rb',
  ';a,b',
  ';a=b=c',
  ';(a)',
  ';a\x7f',
  ';a=b c',
  ';a=b;',
  ';"a"',
  ';\u00e4',
];

function chunks(list: CaseList): void {
  const end = '0\r\n\r\n';
  for (const [s, size] of chunksSizes.entries())
    list.add(`F7/size-${s}`, chunkedPost(`${size}\r\nhello\r\n${end}`), 400);
  for (const [l, line] of chunksLines.entries()) list.add(`F7/line-${l}`, chunkedPost(`${line}${end}\r\n`), 400);
  for (const [e, extension] of chunksExtensions.entries())
    list.add(`F7/extension-${e}`, chunkedPost(`5${extension}\r\nhello\r\n${end}`), 400);
  for (const size of [4_097, 20_000, 1_000_000]) {
    list.add(`F7/extension-of-${size}`, chunkedPost(`5;${'a'.repeat(size)}\r\nhello\r\n${end}`), 400);
    list.add(`F7/quoted-extension-of-${size}`, chunkedPost(`5;a="${'a'.repeat(size)}"\r\nhello\r\n${end}`), 400);
  }
  list.add('F7/extensions-of-1-kB-per-byte', chunkedPost(`${`1;${'a'.repeat(1_024)}\r\nx\r\n`.repeat(10)}${end}`), 400);
  list.add('F7/last-chunk-lf', chunkedPost('5\r\nhello\r\n0\n\n'), 400);
  list.add('F7/last-chunk-extension-lf', chunkedPost('5\r\nhello\r\n0;a\n\r\n'), 400);
}

const trailersLines = [
  'X: y\r\n z\r\n\r\n',
  ' X: y\r\n\r\n',
  'X: y\n\r\n',
  'X: y\r\n\n',
  'X : y\r\n\r\n',
  'X\r\n\r\n',
  ': y\r\n\r\n',
  'X: y\x00\r\n\r\n',
  'X: \ry\r\n\r\n',
  'X\x00: y\r\n\r\n',
  'X: y\r\n\rX',
  '\n',
  '\rX',
  'X: y\r\r\n\r\n',
  '"X": y\r\n\r\n',
];

function trailers(list: CaseList): void {
  const behind = (text: string): Buffer => chunkedPost(`5\r\nhello\r\n0\r\n${text}`);
  list.add('F8/500-trailers', behind(`${'X: y\r\n'.repeat(500)}\r\n`), 400, 431);
  list.add('F8/100-kB', behind(`X: ${'y'.repeat(100_000)}\r\n\r\n`), 400, 431);
  for (const [l, line] of trailersLines.entries()) list.add(`F8/line-${l}`, behind(line), 400);
}

export function refusedBodies(): RequestCase[] {
  const list = new CaseList();
  chunks(list);
  trailers(list);
  return list.cases;
}
