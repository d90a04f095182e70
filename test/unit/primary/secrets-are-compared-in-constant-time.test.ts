/** Comparing secrets goes through crypto.timingSafeEqual, for every token, whichever fits. */
import * as crypto from 'node:crypto';
import { expect, jest, test } from '@jest/globals';
import { silentLogger } from '../../../config/base/logger.js';
import { adminSettings } from '../../support/admin-world.js';
import { ManualClock } from '../../support/manual-clock.js';

const timingSafeEqual = jest.fn(crypto.timingSafeEqual);
jest.unstable_mockModule('node:crypto', () => ({ ...crypto, timingSafeEqual }));
const { Door } = await import('../../../server/admin/frame/door.js');
const { hashOf } = await import('../../../server/admin/frame/secrets.js');

const secrets = ['one', 'two', 'three'];
const tokens = secrets.map((name) => ({ name, hash: hashOf(name), role: 'viewer', pools: 'all' }) as const);
const settings = adminSettings({ tokens, metricsTokenHash: hashOf('metrics') });
const door = new Door({ clock: new ManualClock(), log: silentLogger, settings: () => settings });

test.each([...secrets, 'wrong', ''])('the token %j', (secret) => {
  timingSafeEqual.mockClear();
  expect(door.subjectOf(secret)?.()?.name).toBe(secrets.includes(secret) ? secret : undefined);
  expect(timingSafeEqual).toHaveBeenCalledTimes(secrets.length);
});

test('the token for metrics and the secret of a page', () => {
  timingSafeEqual.mockClear();
  expect([door.isMetricsToken('metrics'), door.isMetricsToken('metrix')]).toEqual([true, false]);
  const caller = { name: 'one', role: 'viewer', pools: 'all', via: 'session', address: '' } as const;
  const { cookie, secret } = door.sessions.open(() => caller, caller.name);
  expect(door.sessions.find(cookie, 'wrong')).toBe(null);
  expect(door.sessions.find(cookie, secret)).toMatchObject({ name: 'one' });
  expect(timingSafeEqual).toHaveBeenCalledTimes(4);
});
