import { expect, test } from '@jest/globals';
import { good, withFiles } from './support.js';

const python = 'hosting: { processPath: python3, arguments: a.py }';

/** Status and sub-status of every application of one pool, in configuration order. */
async function verdicts(...applications: readonly string[]): Promise<readonly unknown[]> {
  let found: readonly unknown[] = [];
  await withFiles(async (files) => {
    const lines = applications.map((more, index) => `      - { path: /${index}, physicalPath: ./app, ${more} }\n`);
    files.write('app/server.js').write('broken/web.config', '<').write('broken/server.js');
    files.write(
      'sluice.yaml',
      `sites:\n  - name: m\n    bindings: [{ bindingInformation: "*:80:" }]\n    applications:\n${lines.join('')}`,
    );
    const result = await files.load();
    found = good(result).applications.map(({ failure, hosting }) => {
      expect(failure === null).toBe(hosting !== null);
      return failure === null ? hosting?.hostingModel : `${failure.status}.${failure.subStatus}`;
    });
    for (const one of result.diagnostics)
      expect(one).toMatchObject({ severity: 'warning', file: files.path('sluice.yaml') });
  });
  return found;
}

const node = 'hosting: { arguments: server.js }';

test('a second in-process application is 500.35', async () => {
  expect(await verdicts(node, node, node)).toEqual(['InProcess', '500.35', '500.35']);
});

test('the later application of another model is 500.34', async () => {
  expect(await verdicts(node, python)).toEqual(['InProcess', '500.34']);
  expect(await verdicts(python, node, python)).toEqual(['OutOfProcess', '500.34', 'OutOfProcess']);
});

test('an application that failed already does not decide for the pool', async () => {
  await withFiles(async (files) => {
    files.write('app/server.js').write('broken/web.config', '<').write('broken/server.js');
    files.write(
      'sluice.yaml',
      'sites:\n  - name: m\n    bindings: [{ bindingInformation: "*:80:" }]\n    applications:\n      - { path: /a, physicalPath: ./broken }\n      - { path: /b, physicalPath: ./app }\n',
    );
    expect(good(await files.load()).applications.map(({ failure }) => failure?.subStatus ?? null)).toEqual([19, null]);
  });
});
