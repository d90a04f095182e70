import { expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { outOfProcess } from '../../support/hosting.js';
import { app } from '../../support/paths.js';
import { descriptors } from '../../support/processes.js';
import { withSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

/** Low, in the middle and beyond what Node itself marks when it starts. */
const left = [3, 9, 21, 88, 250];

/** What a process has that names a file: kernel objects (sockets, pipes, epoll ...) do not. */
function filesOf(pid: number): string[] {
  return descriptors(pid).flatMap((one) => / -> (\/.*)$/.exec(one)?.[1] ?? []);
}

test('descriptors that the caller left open reach no listener, no worker and no guardian', async () => {
  const folder = tempFolder();
  const stray = join(folder, 'stray');
  writeFileSync(stray, 'not for tenants');
  const redirections = left.map((fd) => `${fd}<"${stray}"`).join(' ');
  const options = {
    through: ['/bin/bash', '-c', `exec ${redirections}; exec "$0" "$@"`] as const,
    applicationPools: [{ name: 'a' }, { name: 'b' }],
    applications: [
      { path: '/', applicationPool: 'a', physicalPath: app('plain') },
      { path: '/b', applicationPool: 'b', physicalPath: app('plain'), ...outOfProcess('index.js') },
    ],
  };
  try {
    await withSluice(options, async (sluice) => {
      expect((await sluice.call('/')).status).toBe(200);
      expect((await sluice.call('/b/')).status).toBe(200);
      const children = sluice.tree().filter((one) => one.pid !== sluice.pid);
      const workers = [...(await sluice.workerPids('a')), ...(await sluice.workerPids('b'))];
      expect(workers).toHaveLength(2);
      // Two listeners, two workers, the guardian.
      expect(children.length).toBeGreaterThanOrEqual(5);
      const strays = children.flatMap(({ pid }) => filesOf(pid).filter((one) => one === stray));
      expect(strays).toEqual([]);
      // Of files a worker has its standard input, and nothing of the server's.
      for (const pid of workers) expect([...new Set(filesOf(pid))]).toEqual(['/dev/null']);
      expect(descriptors(sluice.pid).filter((one) => /^(?:88|250) /.test(one))).toEqual([]);
      expect(sluice.output()).toContain('inherited-descriptors-closed');
    });
  } finally {
    removeFolder(folder);
  }
});
