import { expect } from '@jest/globals';
import { testNeeding } from '../../support/needs.js';
import { app } from '../../support/paths.js';
import { commandLine, isAlive } from '../../support/processes.js';
import { startSluice } from '../../support/sluice.js';
import { removeFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';

testNeeding('other users')('a stopped listener does not outlive a killed primary', async () => {
  const sluice = await startSluice({
    applicationPools: [{ name: 'a' }],
    applications: [{ path: '/', applicationPool: 'a', physicalPath: app('plain') }],
  });
  const tree = sluice.tree();
  const listeners = tree.filter((one) => commandLine(one.pid).includes('listener/main.js'));
  expect(listeners).toHaveLength(2);
  for (const one of listeners) process.kill(one.pid, 'SIGSTOP');
  process.kill(sluice.pid, 'SIGKILL');
  await until('nothing is left', () => tree.every((one) => !isAlive(one.pid)));
  removeFolder(sluice.folder);
});
