import { expect, test } from '@jest/globals';
import { fromAppcmd } from '../../../server/cli/appcmd.js';

test.each([
  ['list apppool', 'pool list'],
  ['list apppools /state:Stopped', 'pool list --state Stopped'],
  ['list apppool shop --json', 'pool show shop --json'],
  ['list apppool --admin /a.sock shop', 'pool show shop --admin /a.sock'],
  ['list APPPOOL /apppool.name:shop', 'pool show shop'],
  ['recycle apppool /apppool.name:shop', 'pool recycle shop'],
  ['start apppool shop', 'pool start shop'],
  ['stop apppool', 'pool stop'],
  ['list wp /apppool.name:shop', 'worker list --pool shop'],
  ['list requests /elapsed:500 /site.name:main', 'requests --min-time 500 --site main'],
  ['list sites', 'site list'],
  ['list site main', 'site show main'],
  ['list app /site.name:main', 'app list --site main'],
  ['list cert', 'cert list'],
  ['list wp 1234', 'worker list --worker 1234'],
  ['list wps /wp.name:1234 /apppool.name:shop', 'worker list --worker 1234 --pool shop'],
  ['list app main/shop', 'app list --id main/shop'],
  ['list apps /app.name:main/ --json', 'app list --id main/ --json'],
  // Ours, and what nobody knows, stay as they are.
  ['start apppool', 'start apppool'],
  ['start ./shop', 'start ./shop'],
  ['pool list', 'pool list'],
  ['list nonsense', 'list nonsense'],
  ['', ''],
])('%s', (given, wanted) => {
  expect(fromAppcmd(given.split(' ')).join(' ')).toBe(wanted);
});

test.each([
  'add apppool /name:x',
  'set site main',
  'delete app x',
  'stop site main',
  'list wp /nonsense:1',
  'list request fb0000008000000e',
  'list cert shop.example',
])('%s is refused with the place where it is done, or with what it takes', (given) => {
  expect(() => fromAppcmd(given.split(' '))).toThrow(
    expect.objectContaining({ code: 'appcmd-not-here', remedy: expect.stringMatching(/./) }),
  );
});
