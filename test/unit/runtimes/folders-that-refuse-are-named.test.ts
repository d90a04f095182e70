import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeObstacle, findObstacle } from '../../../pools/runtimes/isolation/reachable.js';
import { testNeeding } from '../../support/needs.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

const stranger = { uid: 53_999, gid: 53_999 };

describe('findObstacle', () => {
  let folder: string;
  beforeAll(() => {
    folder = tempFolder('reach');
    mkdirSync(join(folder, 'closed', 'inner'), { recursive: true });
    writeFileSync(join(folder, 'closed', 'inner', 'app.js'), '');
    writeFileSync(join(folder, 'open.js'), '');
    chmodSync(join(folder, 'open.js'), 0o644);
    symlinkSync(join(folder, 'closed', 'inner'), join(folder, 'linked'));
    chmodSync(join(folder, 'closed'), 0o700);
  });
  afterAll(() => removeFolder(folder));

  test('names the first folder that refuses, with its mode', () => {
    const obstacle = findObstacle(stranger, join(folder, 'closed', 'inner', 'app.js'), 'read');
    expect(obstacle).toEqual({ path: join(folder, 'closed'), mode: '0700', wanted: 'search' });
  });

  testNeeding('root')('follows links to the folders behind them', async () => {
    expect(findObstacle(stranger, join(folder, 'linked', 'app.js'), 'read')).toMatchObject({
      path: join(folder, 'closed'),
    });
  });

  test('looks at the owner’s and the group’s bits, not at the best of them', () => {
    const { uid, gid } = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    expect(findObstacle({ uid, gid: 53_999 }, join(folder, 'closed'), 'search')).toBeNull();
    expect(findObstacle({ uid: 53_999, gid }, join(folder, 'closed'), 'search')).toMatchObject({ mode: '0700' });
  });

  test('tells reading from executing and from not being there', () => {
    expect(findObstacle(stranger, join(folder, 'open.js'), 'read')).toBeNull();
    expect(findObstacle(stranger, join(folder, 'open.js'), 'execute')).toMatchObject({ mode: '0644' });
    expect(findObstacle(stranger, join(folder, 'none.js'), 'read')).toMatchObject({ mode: 'missing' });
    expect(findObstacle(null, join(folder, 'none.js'), 'read')).toMatchObject({ mode: 'missing' });
    expect(findObstacle(null, join(folder, 'open.js'), 'read')).toBeNull();
  });

  test('comes with the three remedies', () => {
    const text = describeObstacle(
      { path: '/srv/x', mode: '0750', wanted: 'search' },
      'application folder',
      'user 5 of pool p',
    );
    expect(text.cause).toBe('application folder: /srv/x (mode 0750) cannot be entered by user 5 of pool p');
    expect(text.remedy).toMatch(/chmod o\+x \/srv\/x.*processModel\.userName.*isolation: process/);
  });
});
