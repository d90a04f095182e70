import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { readXml } from '../../../config/load/read-xml.js';
import { type Files, good, loadWebConfig, oneApplication, onlyApplication, webConfig, withFiles } from './support.js';

/** `line:column` of the refusal and its message; the file as a whole must stay usable. */
async function refusal(text: string | Buffer): Promise<string> {
  let found = '';
  await withFiles(async (files) => {
    const result = await loadWebConfig(files, text);
    const { failure, hosting } = onlyApplication(result);
    expect(hosting).toBeNull();
    expect(failure).toMatchObject({ status: 500, subStatus: 19 });
    expect(failure?.diagnostic.severity).toBe('warning');
    expect(failure?.diagnostic.file).toBe(files.path('app/web.config'));
    expect(result.diagnostics).toContainEqual(failure?.diagnostic);
    found = `${failure?.diagnostic.line}:${failure?.diagnostic.column} ${failure?.diagnostic.message}`;
  });
  return found;
}

const many = (count: number, text: string): string => Array.from({ length: count }, () => text).join('');

describe('markup', () => {
  test.each([
    [
      '<!DOCTYPE configuration [<!ENTITY x SYSTEM "file:///etc/passwd">]><configuration>&x;</configuration>',
      '1:1',
      'DOCTYPE',
    ],
    ['<?xml version="1.0"?>\n<!doctype a><configuration/>', '2:1', 'DOCTYPE'],
    ['<configuration><!ENTITY a "b"></configuration>', '1:16', 'declaration'],
    ['<configuration/><configuration/>', '1:17', 'second root'],
    ['<configuration/>tail', '1:17', 'outside the root'],
    ['head<configuration/>', '1:1', 'outside the root'],
    ['<configuration>\n<a></b></configuration>', '2:4', 'closes nothing'],
    ['<configuration>\n<a>', '2:4', 'never closed'],
    ['<configuration', '1:1', 'never closed'],
    ['<configuration a="1" b="2" a="3"/>', '1:28', 'stands twice'],
    ['<configuration a="x<y"/>', '1:20', '<'],
    ['<configuration a=x/>', '1:18', 'quotes'],
    ['<configuration a/>', '1:17', 'no value'],
    ['<configuration a="1"b="2"/>', '1:21', 'unexpected'],
    ['<configuration a="x/>', '1:18', 'never closed'],
    ['<configuration>&nbsp;</configuration>', '1:16', 'unknown'],
    ['<configuration a="a & b"/>', '1:21', 'bare &'],
    ['<configuration>&#x110000;</configuration>', '1:16', 'not a character'],
    ['<configuration a="&#0;"/>', '1:19', 'not a character'],
    ['<configuration>&#99999999999999999999;</configuration>', '1:16', 'bare &'],
    ['<configuration><!-- a -- b --></configuration>', '1:23', '--'],
    ['<configuration><!-- a </configuration>', '1:16', 'never closed'],
    ['<configuration>]]></configuration>', '1:16', ']]>'],
    ['<configuration><![CDATA[x</configuration>', '1:16', 'never closed'],
    [' <?xml version="1.0"?><configuration/>', '1:2', 'very start'],
    ['<configuration __proto__="1"/>', '1:16', '__proto__'],
    ['<configuration><constructor/></configuration>', '1:17', 'constructor'],
    ['<other/>', '1:1', '<configuration>'],
    ['<configuration>\u0001</configuration>', '1:16', 'U+0001'],
    ['<configuration>\ufffe</configuration>', '1:16', 'U+FFFE'],
    ['', '1:1', 'no element'],
    ['   \n', '1:1', 'no element'],
    ['{"not": "xml"}', '1:1', 'outside the root'],
    ['<configuration>\n<system.webServer>\n<aspNetCore processPath="dot', '3:25', 'never closed'],
  ])('%j', async (text, place, words) => {
    const found = await refusal(text);
    expect(found.split(' ')[0]).toBe(place);
    expect(found).toContain(words);
  });
});

describe('size and shape', () => {
  test.each([
    ['more than 256 KiB', `<configuration>${' '.repeat(262_144)}</configuration>`, 'at most 262144'],
    ['a million nested elements', many(29_000, '<a>'), 'deeper than'],
    ['many elements', `<configuration>${many(40_000, '<a/>')}</configuration>`, 'more than 20000 elements'],
    [
      'many attributes',
      `<configuration ${Array.from({ length: 500 }, (_, i) => `a${i}=""`).join(' ')}/>`,
      'more than 64 attributes',
    ],
  ])('%s', async (_, text, words) => {
    expect(await refusal(text)).toContain(words);
  });

  test('many entities, quotes and comments are read to the end', () => {
    for (const piece of ['&amp;', '<a b=""/>', '<!---->', '<a>x</a>', "<a b='\"'/>", '&#65;']) {
      const body = many(Math.floor(100_000 / piece.length), piece);
      expect(readXml(`<configuration>${body}</configuration>`)).toMatchObject({ ok: true });
    }
  });
});

test('locations and sections without end take no time and crowd out no other warning', async () => {
  const location = (path: string, inside = ''): string =>
    `<location path="${path}"><system.webServer>${inside}</system.webServer></location>`;
  const texts = [
    Array.from({ length: 3_000 }, (_, index) => location(`a/${index}`, '<x/>')).join(''),
    many(3_000, location('a')),
    `<system.webServer>${Array.from({ length: 9_000 }, (_, index) => `<s${index}/>`).join('')}</system.webServer>`,
  ];
  for (const text of texts) {
    await withFiles(async (files) => {
      const { diagnostics } = await loadWebConfig(files, `<configuration>${text}</configuration>`);
      expect(diagnostics.length).toBeLessThanOrEqual(25);
    });
  }
  expect(await refusal(`<configuration>${location(many(60_000, 'a/'))}</configuration>`)).toContain('too long');
});

describe('bytes', () => {
  test('NUL, bad UTF-8, UTF-7 and an unfinished UTF-16 are refused', async () => {
    expect(await refusal(Buffer.from('<configuration>\0</configuration>'))).toContain('U+0000');
    expect(await refusal(Buffer.from([0x3c, 0xff, 0x3e]))).toContain('neither UTF-8');
    expect(await refusal('+ADw-configuration/+AD4-')).toContain('outside the root');
    expect(await refusal(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from([0x3c])]))).toContain('neither UTF-8');
  });

  test('UTF-8 and UTF-16 with a byte order mark are read', async () => {
    const text = webConfig('<aspNetCore processPath="bücher" />');
    const swapped = Buffer.from(`\ufeff${text}`, 'utf16le').swap16();
    for (const bytes of [Buffer.from(`\ufeff${text}`), Buffer.from(`\ufeff${text}`, 'utf16le'), swapped]) {
      await withFiles(async (files) => {
        expect(onlyApplication(await loadWebConfig(files, bytes)).hosting?.processPath).toBe('bücher');
      });
    }
  });
});

describe('files that are no files', () => {
  const loaded = async (make: (files: Files, path: string) => void): Promise<string> => {
    let message = '';
    await withFiles(async (files) => {
      files.write('app/server.js').write('sluice.yaml', oneApplication());
      make(files, files.path('app/web.config'));
      message = onlyApplication(await files.load()).failure?.diagnostic.message ?? '';
    });
    return message;
  };

  test('symbolic link, FIFO, device, folder', async () => {
    expect(await loaded((_, path) => symlinkSync('/etc/passwd', path))).toContain('symbolic link');
    expect(await loaded((_, path) => execFileSync('mkfifo', [path]))).toContain('not a regular file');
    expect(await loaded((_, path) => symlinkSync('/dev/zero', path))).toContain('symbolic link');
    expect(await loaded((_, path) => mkdirSync(path))).toContain('not a regular file');
  });
});

test('one refused web.config leaves the other applications alone', async () => {
  await withFiles(async (files) => {
    files.write('app/web.config', '<configuration').write('app/server.js').write('other/server.js');
    files.write(
      'sluice.yaml',
      `applicationPools: [{ name: b }]\n${oneApplication()}      - { path: /b, applicationPool: b, physicalPath: ./other }\n`,
    );
    const config = good(await files.load());
    expect(config.applications.map((one) => [one.id, one.failure?.subStatus ?? 0])).toEqual([
      ['main/', 19],
      ['main/b', 0],
    ]);
    expect(config.warnings).toHaveLength(1);
  });
});

test('numbers and entities in attributes are decoded, names of object members are only names', () => {
  const read = readXml('<configuration hasOwnProperty="&#65;&#x42;&lt;&amp;amp;" toString="0120"/>');
  expect(read.ok && [...read.root.attributes].map(([name, { value }]) => [name, value])).toEqual([
    ['hasOwnProperty', 'AB<&amp;'],
    ['toString', '0120'],
  ]);
});
