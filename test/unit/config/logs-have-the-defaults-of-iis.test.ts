import { expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../../config/compile/compile.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

async function load(settings: Readonly<Record<string, unknown>>) {
  const folder = tempFolder('logs');
  const file = join(folder, 'sluice.yaml');
  writeFileSync(file, JSON.stringify(settings));
  try {
    return await loadConfig(file, { environment: {} });
  } finally {
    removeFolder(folder);
  }
}

const site = (name: string, port: number, more = {}) => ({
  name,
  bindings: [{ protocol: 'http', bindingInformation: `*:${port}:` }],
  applications: [{ path: '/', physicalPath: '/' }],
  ...more,
});

test('a site inherits the log of siteDefaults and changes parts of it; without one it writes into the common log', async () => {
  const { config, diagnostics } = await load({
    siteDefaults: { logFile: { period: 'Hourly' } },
    sites: [
      site('a', 1),
      site('b', 2, { logFile: { logFormat: 'NCSA', period: 'MaxSize' } }),
      site('c', 3, { logFile: { enabled: false } }),
    ],
  });
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const [a, b, c] = config?.sites.map(({ logFile }) => logFile) ?? [];
  const columns =
    'Date,Time,ServerIP,Method,UriStem,UriQuery,ServerPort,UserName,ClientIP,UserAgent,Referer,HttpStatus,HttpSubStatus,Win32Status,TimeTaken';
  const common = { fields: columns.split(','), directory: '', localTimeRollover: false };
  expect(a).toEqual({ ...common, format: 'w3c', period: 'Hourly', truncateBytes: 0 });
  expect(b).toEqual({ ...common, format: 'combined', period: 'MaxSize', truncateBytes: 20_971_520 });
  expect(c).toBeNull();
  expect(config?.server.accessLog).toMatchObject({ format: 'json', period: 'MaxSize', truncateBytes: 104_857_600 });
  expect(config?.server.logBudgetBytes).toBe(4 * 2 ** 30);
  expect((await load({ sites: [site('a', 1)] })).config?.sites[0]?.logFile).toBe('central');
});

test('what is wrong is named with its place', async () => {
  const { diagnostics } = await load({
    sites: [
      site('a', 1, {
        logFile: { logExtFileFlags: 'Date, Colour', directory: 'logs', truncateSize: 10, logFormat: 'IIS' },
      }),
    ],
  });
  const found = diagnostics.filter(({ path }) => path.includes('logFile'));
  expect(found.map(({ path }) => path).toSorted()).toEqual(
    ['directory', 'logExtFileFlags', 'logFormat', 'truncateSize'].map((name) => `sites[0].logFile.${name}`),
  );
  const messages = found.map(({ message }) => message).join('\n');
  for (const word of ['Colour', 'an absolute path', '1048576', 'W3C']) expect(messages).toContain(word);
});
