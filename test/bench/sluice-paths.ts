/** Sluice itself, with its defaults: the app in-process, and the app as a program out-of-process. */
import { existsSync } from 'node:fs';
import { findProgram } from '../support/find-program.js';
import { freePort } from '../support/free-port.js';
import { app, sluiceMain } from '../support/paths.js';
import { type Settings, startSluice } from '../support/sluice.js';
import { removeFolder, tempFolder } from '../support/temp-folder.js';
import { TestAuthority } from '../support/test-certificates.js';
import { until } from '../support/time.js';
import { type BenchPath, type RunningPath, treePids } from './paths.js';

const bodyLimit = { security: { requestFiltering: { requestLimits: { maxAllowedContentLength: 2_000_000_000 } } } };

/** Key of the certificate. */
export type KeyKind = 'rsa' | 'ec';

function https(port: number, folder: string, kind: KeyKind): Settings {
  const { certFile, keyFile } = new TestAuthority(folder).issue({ names: ['bench.test'], kind });
  return { protocol: 'https', bindingInformation: `*:${port}:`, certificate: { certFile, keyFile } };
}

/** `tls`: null = no port of TLS. */
async function start(hosting: Settings, tls: KeyKind | null = null): Promise<RunningPath> {
  const folder = tempFolder('bench');
  const tlsPort = await freePort();
  const applications = [{ path: '/', applicationPool: 'bench', physicalPath: app('bench'), ...bodyLimit, ...hosting }];
  const sluice = await startSluice({
    listeners: 2,
    // The peers have no such limit.
    server: { webLimits: { maxHandshakesPerSecond: 0 } },
    applicationPools: [{ name: 'bench', startMode: 'AlwaysRunning' }],
    sites: (port) => {
      const bindings = [
        { protocol: 'http', bindingInformation: `*:${port}:` },
        ...(tls === null ? [] : [https(tlsPort, folder, tls)]),
      ];
      return [{ name: 'main', bindings, applications }];
    },
  });
  await until('the worker answers', async () => (await sluice.call('/')).status === 200);
  const workers = await sluice.workerPids('bench');
  const ofWorkers = (): Set<number> => new Set(workers.flatMap(treePids));
  return {
    port: sluice.port,
    ...(tls === null ? {} : { tlsPort }),
    front: () => {
      const apart = ofWorkers();
      return treePids(sluice.pid).filter((pid) => !apart.has(pid));
    },
    app: () => [...ofWorkers()],
    stop: async () => {
      await sluice.stop();
      removeFolder(folder);
    },
  };
}

const missing = existsSync(sluiceMain) ? null : 'not built';

/** Measured over TLS. */
export function sluiceTls(name: string, kind: KeyKind): BenchPath {
  return { name, missing, start: () => start({}, kind) };
}

export const sluicePaths: readonly BenchPath[] = [
  { name: 'sluice in-process', missing, start: () => start({}) },
  sluiceTls('https: sluice in-process', 'rsa'),
  {
    name: 'h2: sluice in-process',
    missing: missing ?? (findProgram('h2load') === null ? 'h2load is not installed' : null),
    start: async () => ({ ...(await start({}, 'rsa')), isHttp2: true }),
  },
  {
    name: 'sluice out-of-process',
    missing,
    start: () =>
      start({ hosting: { hostingModel: 'OutOfProcess', processPath: process.execPath, arguments: 'app.js' } }),
  },
];
