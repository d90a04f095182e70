import { describe, expect, test } from '@jest/globals';
import { freePort } from '../../support/free-port.js';
import { HostedApp } from '../../support/hosted-app.js';
import { app } from '../../support/paths.js';
import { alone, hosted } from './outcome.js';

const entry = `${app('in-process')}/listen.cjs`;
const isReusePortKnown = Number.parseInt(process.versions.node, 10) >= 24;

/** Forms after which the process goes on, with the last line to wait for. */
const staying: Readonly<Record<string, string>> = {
  port: 'listening',
  'port-callback': 'callback',
  'port-string': 'listening',
  'port-host': 'listening',
  'port-any4': 'listening',
  'port-any6': 'listening',
  'port-loopback6': 'listening',
  'port-localhost': 'callback',
  'port-backlog': 'listening',
  'port-host-backlog': 'callback',
  options: 'listening',
  'options-host': 'callback',
  exclusive: 'listening',
  'ipv6-only': 'listening',
  'path-options': 'listening',
  path: 'callback',
  twice: 'listening',
  again: 'again',
  handle: 'listening',
  'from-express': 'express',
  taken: 'second',
  facts: 'connections',
  'other-server': 'listening',
  'null-backlog': 'listening',
  'host-null': 'listening',
  fd: 'callback',
  'ipv6-twice': 'second',
  'no-arguments': 'listening',
  'callback-only': 'callback',
  zero: 'listening',
  'options-zero': 'listening',
  null: 'listening',
};

/** Forms after which nothing keeps the process alive. */
const ending = [
  'signal',
  'bad-port',
  'bad-options',
  'not-here',
  'not-found',
  'close-at-once',
  'close-unlistened',
  'close-then-exit',
  'dispose',
  'unref',
  'unref-before',
  'signal-before',
  'path-empty',
  'fd-of-no-socket',
];

const forms = [...Object.keys(staying), ...(isReusePortKnown ? ['reuse-port'] : [])];

describe(`${forms.length + ending.length} forms of listen() look as alone`, () => {
  test.each(forms)('%s', async (form) => {
    const port = await freePort();
    const what = { entry, form, last: staying[form] ?? 'listening' };
    expect(await hosted(what, port)).toEqual(await alone(what, port));
  });

  test.each(ending)('%s, and the process ends alike', async (form) => {
    const port = await freePort();
    expect(await hosted({ entry, form }, port)).toEqual(await alone({ entry, form }, port));
  });
});

test('nothing but the link is bound: the port stays free', async () => {
  const port = await freePort();
  const one = HostedApp.start({ entry, args: ['port'], envPort: port });
  try {
    await one.message('listening');
    expect((await alone({ entry, form: 'port-callback', last: 'callback' }, port)).said).toContain('callback');
  } finally {
    await one.stop();
  }
});
