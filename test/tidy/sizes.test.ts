import { expect, test } from '@jest/globals';
import { at, functionsOf, sources } from './sources.js';

const warnAt = 300;
const linesMax = 400;
const functionLinesMax = 70;

function lines(text: string): number {
  return text.split('\n').length - 1;
}

test(`no file is longer than ${linesMax} lines: cut it by theme`, () => {
  const sized = sources().map((file) => ({ path: file.path, lines: lines(file.text) }));
  const signal = sized.filter((file) => file.lines > warnAt && file.lines <= linesMax);
  for (const file of signal) process.stderr.write(`long: ${file.path} has ${file.lines} lines\n`);
  expect(sized.filter((file) => file.lines > linesMax)).toEqual([]);
});

test(`no function is longer than ${functionLinesMax} lines: it fits a screen`, () => {
  const long = sources().flatMap((file) =>
    functionsOf(file)
      // A suite is a list of tests, not a function to read at once.
      .filter((body) => body.lines > functionLinesMax && !/^describe(\.each)?\(/.test(body.opening))
      .map((body) => at(file.path, body.line, `${body.lines} lines: ${body.opening}`)),
  );
  expect(long).toEqual([]);
});
