import { describe, expect, test } from '@jest/globals';
import {
  canonicalAddress,
  parseAddressBlock,
  parseBindingInformation,
  parseListenAddress,
} from '../../../config/compile/addresses.js';
import { good, places, withFiles } from './support.js';

describe('bindingInformation', () => {
  test.each([
    ['*:80:', '*', 80, ''],
    [':80:', '*', 80, ''],
    ['*:80:*', '*', 80, ''],
    ['0.0.0.0:80:', '*', 80, ''],
    ['[::]:80:', '*', 80, ''],
    ['127.0.0.1:8080:Shop.Example.', '127.0.0.1', 8080, 'shop.example'],
    ['[::1]:8080:', '::1', 8080, ''],
    ['[0:0:0:0:0:0:0:1]:8080:a', '::1', 8080, 'a'],
    ['[::ffff:10.1.2.3]:80:', '10.1.2.3', 80, ''],
    ['*:65535:*.shop.example', '*', 65535, '*.shop.example'],
    ['*:80:bücher.example', '*', 80, 'xn--bcher-kva.example'],
  ])('%s', (text, address, port, host) => {
    expect(parseBindingInformation(text)).toEqual({ ok: true, value: { address, port, host } });
  });

  test.each([
    '',
    '80',
    '*:80',
    '*:0:',
    '*:65536:',
    '*:http:',
    '*:80 :',
    '::1:80:',
    '[::1:80:',
    '[::1%eth0]:80:',
    '999.1.1.1:80:',
    'localhost:80:',
    '*:80:a..b',
    '*:80:a.*.b',
    '*:80:*',
    '*:80:*x.example',
    '*:80:a b',
    '*:80:a/b',
    `*:80:${'a'.repeat(64)}.example`,
    `*:80:${'a.'.repeat(130)}b`,
  ])('"%s"', (text) => {
    expect(parseBindingInformation(text).ok).toBe(text === '*:80:*');
  });
});

test('addresses, blocks and listen addresses', () => {
  expect(canonicalAddress('2001:DB8::0:1')).toBe('2001:db8::1');
  expect(canonicalAddress('1.2.3')).toBeNull();
  expect(parseAddressBlock('10.0.0.0/8')).toEqual({ ok: true, value: '10.0.0.0/8' });
  expect(parseAddressBlock('2001:db8::/129').ok).toBe(false);
  expect(parseAddressBlock('10.0.0.0/').ok).toBe(false);
  expect(parseListenAddress('[::1]:9900')).toEqual({ ok: true, value: { host: '::1', port: 9900 } });
  expect(parseListenAddress('127.0.0.1:0')).toEqual({ ok: true, value: { host: '127.0.0.1', port: 0 } });
  for (const bad of ['9900', '::1:9900', 'example.org:1', '127.0.0.1:70000'])
    expect(parseListenAddress(bad).ok).toBe(false);
});

const sites = (...bindings: string[]): string =>
  `sites:\n${bindings
    .map(
      (binding, index) =>
        `  - name: s${index}\n    bindings: [${binding}]\n    applications: [{ path: /, physicalPath: ./app, hosting: { processPath: x } }]\n`,
    )
    .join('')}`;

test('the same address, port and host can be bound once, and the message says by whom', async () => {
  await withFiles(async (files) => {
    files
      .write('app/server.js')
      .write('sluice.yaml', sites('{ bindingInformation: "*:80:A" }', '{ bindingInformation: "0.0.0.0:80:a." }'));
    const { diagnostics } = await files.load();
    expect(places(diagnostics)).toEqual(['6:38 duplicate-binding']);
    expect(diagnostics[0]?.message).toContain(`${files.path('sluice.yaml')}:3`);
    files.write(
      'sluice.yaml',
      sites(
        '{ bindingInformation: "*:80:a" }',
        '{ bindingInformation: "127.0.0.1:80:a" }',
        '{ bindingInformation: "*:80:b" }',
      ),
    );
    expect(good(await files.load()).sites).toHaveLength(3);
  });
});

test('other protocols, and https without a certificate, are clear errors', async () => {
  await withFiles(async (files) => {
    files
      .write('app/server.js')
      .write(
        'sluice.yaml',
        sites(
          '{ protocol: https, bindingInformation: "*:443:" }',
          '{ protocol: net.tcp, bindingInformation: "808:*" }',
        ),
      );
    expect(places((await files.load()).diagnostics)).toEqual([
      '3:28 certificate-missing',
      '6:28 bad-value',
      '6:57 bad-binding',
    ]);
  });
});

test('site ids count from 1 around the ids that are written', async () => {
  await withFiles(async (files) => {
    const text = sites(
      '{ bindingInformation: "*:80:a" }',
      '{ bindingInformation: "*:80:b" }',
      '{ bindingInformation: "*:80:c" }',
    ).replace('name: s1', 'name: s1\n    id: 1');
    files.write('app/server.js').write('sluice.yaml', text);
    expect(good(await files.load()).sites.map(({ id }) => id)).toEqual([2, 1, 3]);
    files.write('sluice.yaml', text.replace('name: s2', 'name: s2\n    id: 1'));
    expect(places((await files.load()).diagnostics)).toEqual(['10:9 duplicate-id']);
  });
});
