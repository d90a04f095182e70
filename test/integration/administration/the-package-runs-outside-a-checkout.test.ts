import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { app, repository } from '../../support/paths.js';
import { run } from '../../support/program.js';
import { withSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

test('what npm packs is all that is needed besides its dependencies', async () => {
  const folder = tempFolder('pack');
  try {
    const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder];
    const packed = await run('npm', pack, { cwd: repository, limitMs: 120_000 });
    expect(packed.code).toBe(0);
    expect(await run('/bin/sh', ['-c', 'tar -xzf *.tgz'], { cwd: folder })).toMatchObject({ code: 0 });
    const unpacked = join(folder, 'package');
    symlinkSync(join(repository, 'node_modules'), join(unpacked, 'node_modules'));
    await withSluice(
      {
        main: join(unpacked, 'dist', 'server', 'cli', 'main.js'),
        applicationPools: [{ name: 'a' }],
        applications: [{ path: '/', applicationPool: 'a', physicalPath: app('plain') }],
      },
      async (sluice) => {
        expect((await sluice.call('/')).text).toBe('plain\n');
      },
    );
  } finally {
    removeFolder(folder);
  }
}, 180_000);
