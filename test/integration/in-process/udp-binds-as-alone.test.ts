import { expect, test } from '@jest/globals';
import { freePort } from '../../support/free-port.js';
import { app } from '../../support/paths.js';
import { alone, hosted } from './outcome.js';

const entry = `${app('in-process')}/udp.cjs`;
const forms: readonly (readonly [string, string])[] = [
  ['udp4', 'socket close'],
  ['udp6', 'socket close'],
  ['any', 'socket close'],
  ['options', 'socket close'],
  ['taken', 'first close'],
  ['reused', 'first close'],
  ['closed-early', 'socket close'],
  ['unbound', 'receiver close'],
];

test.each(forms)('%s', async (form, last) => {
  const port = await freePort();
  const { said } = await alone({ entry, form, last }, port);
  expect((await hosted({ entry, form, last }, port)).said).toEqual(said);
});
