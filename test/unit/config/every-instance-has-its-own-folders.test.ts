import { expect, test } from '@jest/globals';
import { defaultFolders } from '../../../config/compile/default-folders.js';
import { good, oneApplication, withFiles } from './support.js';

test('the system’s folders belong to a file below /etc/sluice as root', () => {
  expect(defaultFolders('/etc/sluice/sluice.yaml', {}, 0)).toEqual({
    runDir: '/run/sluice',
    stateDir: '/var/lib/sluice',
    logDir: '/var/log/sluice',
  });
  expect(defaultFolders('/etc/sluice/sluice.yaml', {}, 1000).runDir).not.toBe('/run/sluice');
  expect(defaultFolders('/etc/sluice.yaml', {}, 0).stateDir).toMatch(/^\/var\/lib\/sluice\/[0-9a-f]{8}$/);
});

test('other instances are told apart by the path of their file', () => {
  const environment = { HOME: '/home/u', TMPDIR: '/scratch' };
  const one = defaultFolders('/srv/a.yaml', environment, 1000);
  expect(one.runDir).toMatch(/^\/scratch\/sluice-1000-[0-9a-f]{8}$/);
  expect(one.stateDir).toMatch(/^\/home\/u\/\.local\/state\/sluice\/[0-9a-f]{8}\/state$/);
  expect(one.logDir).toMatch(/^\/home\/u\/\.local\/state\/sluice\/[0-9a-f]{8}\/log$/);
  expect(defaultFolders('/srv/b.yaml', environment, 1000).runDir).not.toBe(one.runDir);
  expect(defaultFolders('/srv/a.yaml', environment, 1000)).toEqual(one);
  expect(defaultFolders('/srv/a.yaml', { ...environment, XDG_STATE_HOME: '/x' }, 1000).stateDir).toMatch(
    /^\/x\/sluice\//,
  );
  expect(defaultFolders('/srv/a.yaml', { XDG_STATE_HOME: 'relative', TMPDIR: 'relative' }, 1000).runDir).toMatch(
    /^\/tmp\//,
  );
});

test('folders in the file are relative to it', async () => {
  await withFiles(async (files) => {
    files
      .write('app/server.js')
      .write(
        'sluice.yaml',
        `runDir: ./r\nstateDir: ./s\nlogDir: ./l\nadmin: { listen: none, socket: a.sock }\n${oneApplication()}`,
      );
    expect(good(await files.load()).server).toMatchObject({
      runDir: files.path('r'),
      stateDir: files.path('s'),
      logDir: files.path('l'),
      admin: { listen: null, socket: files.path('a.sock') },
    });
  });
});
