import { expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hostileApp, hostileApplication, tell } from '../../support/hostile-tenant.js';
import { nodes } from '../../support/nodes.js';
import { withSluice } from '../../support/sluice.js';

test('a pool on an older Node is told so, and one on a newer reads only its own', async () => {
  const node = nodes()[1];
  const newer = node === undefined ? [] : [{ name: 'n', nodePath: node, nodePermissions: { enabled: true } }];
  await withSluice(
    {
      listeners: 1,
      applicationPools: [{ name: 'o', nodePermissions: { enabled: true } }, ...newer],
      applications: ['o', ...newer.map((pool) => pool.name)].map((name) => hostileApplication(name)),
    },
    async (sluice) => {
      const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
      const isOld = major < 22 || (major === 22 && minor < 13);
      const answer = await sluice.call('/o/hello');
      const problem = (await sluice.pool('o')).applications[0]?.problem ?? '';
      expect([answer.status, problem.includes('nodePermissions need Node 22.13')]).toEqual(
        isOld ? [500, true] : [200, false],
      );
      const pool = isOld ? newer[0]?.name : 'o';
      if (pool === undefined) return;
      expect(await tell(sluice, pool, 'read', join(hostileApp, 'package.json'))).toHaveProperty('done');
      expect(await tell(sluice, pool, 'read', '/etc/passwd')).toEqual({ failed: 'ERR_ACCESS_DENIED' });
      expect(await tell(sluice, pool, 'write', join(hostileApp, 'mine'))).toEqual({ failed: 'ERR_ACCESS_DENIED' });
      expect(await tell(sluice, pool, 'run', 'true')).toEqual({ failed: 'ERR_ACCESS_DENIED' });
      expect(existsSync(join(hostileApp, 'mine'))).toBe(false);
    },
  );
});
