import { expect, test } from '@jest/globals';
import { routesOf } from '../../../server/primary/routes.js';
import { sampleApplication, sampleConfig, samplePool } from '../../support/sample-pools.js';

test('the number of listeners and the interval of each pool travel with the routes', () => {
  const pools = [samplePool('shop', { failure: { rapidFailProtectionIntervalMs: 42_000 } })];
  const config = sampleConfig(pools, [sampleApplication('shop', '/')]);
  const routes = routesOf({ ...config, server: { ...config.server, listeners: 3 } });
  expect(routes.settings.listeners).toBe(3);
  expect(routes.pools).toMatchObject([{ name: 'shop', rapidFailProtectionIntervalMs: 42_000 }]);
});
