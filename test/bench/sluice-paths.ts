/** Sluice itself, with its defaults: the app in-process, and the app as a program out-of-process. */
import { existsSync } from 'node:fs';
import { app, sluiceMain } from '../support/paths.js';
import { type Settings, startSluice } from '../support/sluice.js';
import { until } from '../support/time.js';
import { type BenchPath, type RunningPath, treePids } from './paths.js';

const bodyLimit = { security: { requestFiltering: { requestLimits: { maxAllowedContentLength: 2_000_000_000 } } } };

async function start(hosting: Settings): Promise<RunningPath> {
  const sluice = await startSluice({
    listeners: 2,
    applicationPools: [{ name: 'bench', startMode: 'AlwaysRunning' }],
    applications: [{ path: '/', applicationPool: 'bench', physicalPath: app('bench'), ...bodyLimit, ...hosting }],
  });
  await until('the worker answers', async () => (await sluice.call('/')).status === 200);
  const workers = await sluice.workerPids('bench');
  const ofWorkers = (): Set<number> => new Set(workers.flatMap(treePids));
  return {
    port: sluice.port,
    front: () => {
      const apart = ofWorkers();
      return treePids(sluice.pid).filter((pid) => !apart.has(pid));
    },
    app: () => [...ofWorkers()],
    stop: async () => {
      await sluice.stop();
    },
  };
}

const missing = existsSync(sluiceMain) ? null : 'not built';

export const sluicePaths: readonly BenchPath[] = [
  { name: 'sluice in-process', missing, start: () => start({}) },
  {
    name: 'sluice out-of-process',
    missing,
    start: () =>
      start({ hosting: { hostingModel: 'OutOfProcess', processPath: process.execPath, arguments: 'app.js' } }),
  },
];
