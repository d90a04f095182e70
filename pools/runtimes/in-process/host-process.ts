/**
 * One process of the in-process host with what it needs beside it: identity, link socket, token, environment.
 * A spare one is started before there is a worker for it, and waits in the host until it gets its slot.
 */
import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { linkProtocolVersion } from '../../../config/base/limits.js';
import { env } from '../../integration/contract.js';
import { type HostStartData, hostStartVariable } from '../../protocol/primary-to-host.js';
import { configuredValue, isInspected, siteVariables } from '../hosted-environment.js';
import { processLimits } from '../isolation/confinement.js';
import { buildEnvironment, type PoolFolders } from '../isolation/environment.js';
import type { Identity } from '../isolation/identity.js';
import { mustHaveSandbox, programFolder, sandboxView } from '../isolation/sandbox.js';
import type { JourneyStep, WorkerStart } from '../runtime.js';
import type { RuntimeParts } from '../runtime-parts.js';
import { WorkerProcess } from '../worker-process.js';
import { inProcessCommand } from './command.js';
import { createLinkSocket, type LinkSocket } from './link-socket.js';

export interface InProcessOptions {
  readonly hostFile: string;
  readonly hostPath: HostStartData['path'];
}

export interface HostProcess {
  readonly worker: WorkerProcess;
  readonly link: LinkSocket;
  readonly linkToken: string;
  readonly identity: Identity | null;
}

export interface HostProcessRequest {
  readonly start: WorkerStart;
  /** It waits for `{ type: 'start' }` on its control pipe; the slot of `start` is not its own. */
  readonly isSpare: boolean;
  readonly enter: (step: JourneyStep['step']) => void;
  /** Asked before the process is started. */
  readonly isCancelled: () => boolean;
}

/** Null when it was cancelled before there was a process. Throws StartError. */
export async function startHostProcess(
  parts: RuntimeParts,
  options: InProcessOptions,
  request: HostProcessRequest,
): Promise<HostProcess | null> {
  const { start, enter } = request;
  const { pool, application, hosting } = start;
  enter('identity');
  const identity = parts.identities.forPool(pool);
  enter('files');
  const folders = parts.folders.ensure(pool.name, identity);
  const command = await inProcessCommand({
    nodePath: pool.nodePath ?? process.execPath,
    hostFile: options.hostFile,
    physicalPath: application.physicalPath,
    hosting,
    pool: pool.name,
    identity,
    permissions: pool.nodePermissions,
    folders,
    optionsVariable: configuredValue(start, 'NODE_OPTIONS') ?? '',
  });
  if (pool.isolation === 'sandbox') await mustHaveSandbox(identity);
  enter('socket');
  const link = createLinkSocket(parts.config.runDir, parts.identities.forListeners()?.gid ?? null);
  const linkToken = randomBytes(16).toString('hex');
  try {
    if (request.isCancelled()) {
      link.close();
      return null;
    }
    enter('spawn');
    const worker = await WorkerProcess.start(parts, start, {
      file: command.nodePath,
      args: command.args,
      cwd: application.physicalPath,
      confinement: {
        identity,
        limits: processLimits(pool, identity),
        sandbox: sandboxView({
          pool,
          physicalPath: application.physicalPath,
          folders,
          readable: [programFolder(command.nodePath), dirname(options.hostFile)],
          writable: [folders.compileCache],
        }),
      },
      environment: environment(request, options, { identity, folders, linkToken }),
      umask: 0o022,
      output: 'read',
      extra: isWatched(start) ? ['pipe', link.fd, 'pipe'] : ['pipe', link.fd],
    });
    return { worker, link, linkToken, identity };
  } catch (error) {
    link.close();
    throw error;
  }
}

/** It has a watchdog thread, whose pipe is a third descriptor. */
export function isWatched({ pool, hosting }: Pick<WorkerStart, 'pool' | 'hosting'>): boolean {
  return pool.failure.hangDetectionMs > 0 && !isInspected(hosting);
}

interface Own {
  readonly identity: Identity | null;
  readonly folders: PoolFolders;
  readonly linkToken: string;
}

function environment({ start, isSpare }: HostProcessRequest, options: InProcessOptions, own: Own): Map<string, string> {
  const { identity, folders, linkToken } = own;
  const port = portOf(start);
  const startData: HostStartData = {
    protocol: linkProtocolVersion,
    linkToken,
    slot: isSpare ? 0 : start.slot,
    poolName: start.pool.name,
    appPort: start.hosting.port,
    envPort: port,
    watchdog: isWatched(start),
    path: options.hostPath,
    compileCache: start.pool.processModel.compileCache ? folders.compileCache : '',
  };
  return buildEnvironment({
    identity,
    folders,
    pool: start.pool,
    application: start.hosting.environmentVariables,
    defaults: new Map(),
    fixed: new Map([
      ...siteVariables(start),
      [env.genericPort, String(port)],
      [hostStartVariable, JSON.stringify(startData)],
    ]),
  });
}

/** PORT: what the configuration says if it is a port, else the first binding's, so that printed addresses work. */
function portOf(start: WorkerStart): number {
  const configured = Number(configuredValue(start, env.genericPort) ?? 0);
  if (Number.isInteger(configured) && configured > 0 && configured <= 65_535) return configured;
  return start.site.bindings[0]?.port ?? 80;
}
