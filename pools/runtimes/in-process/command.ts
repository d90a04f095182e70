/** What is run for an in-process application, and whether it can be: `node [options] --require HOST ENTRY args`. */
import { join, resolve } from 'node:path';
import { detectionJsonBytesMax } from '../../../config/base/limits.js';
import { readBounded } from '../../../config/load/read-file.js';
import type { HostingConfig, NodePermissions } from '../../../config/model.js';
import { statOf } from '../files.js';
import type { PoolFolders } from '../isolation/environment.js';
import type { Identity } from '../isolation/identity.js';
import { mustReach } from '../isolation/reachable.js';
import { StartError } from '../start-error.js';
import { permissionOptions } from './permissions.js';
import { mustRunEntry, nodeVersion, runtimeUnfit } from './node-binary.js';

export interface InProcessCommand {
  readonly nodePath: string;
  readonly args: readonly string[];
}

export interface CommandRequest {
  readonly nodePath: string;
  readonly hostFile: string;
  readonly physicalPath: string;
  readonly hosting: Pick<HostingConfig, 'nodeOptions' | 'entry' | 'arguments'>;
  readonly pool: string;
  readonly identity: Identity | null;
  /** The pool's nodePermissions. */
  readonly permissions: NodePermissions | null;
  /** Its HOME and TMPDIR. */
  readonly folders: PoolFolders;
  /** Value of NODE_OPTIONS in the worker; '' = none. */
  readonly optionsVariable: string;
}

/** Throws StartError `entry-missing`, `folder-unreachable`, `node-version` or `typescript-entry`. */
export async function inProcessCommand(request: CommandRequest): Promise<InProcessCommand> {
  const { hosting, nodePath, hostFile, physicalPath } = request;
  const who = { identity: request.identity, pool: request.pool };
  mustReach({ ...who, path: physicalPath, wanted: 'search', target: 'application folder' });
  mustBeThere(nodePath);
  mustReach({ ...who, path: nodePath, wanted: 'execute', target: 'Node' });
  mustReach({ ...who, path: hostFile, wanted: 'read', target: 'the host of in-process applications' });
  const entry = findEntry(physicalPath, hosting.entry);
  mustReach({ ...who, path: entry, wanted: 'read', target: 'entry' });
  const version = await nodeVersion(nodePath, request.identity);
  mustRunEntry(await mainOf(entry), version, [...request.optionsVariable.split(/\s+/), ...hosting.nodeOptions]);
  const permissions = permissionOptions(request, version);
  const args = [...hosting.nodeOptions, ...permissions, '--require', hostFile, hosting.entry, ...hosting.arguments];
  return { nodePath, args };
}

function mustBeThere(nodePath: string): void {
  if (statOf(nodePath) !== undefined) return;
  const remedy = 'Correct nodePath of the pool, or install that Node.';
  throw new StartError('node-version', `Node: ${nodePath} does not exist`, remedy, true, runtimeUnfit);
}

/** Node completes `server` to `server.js`; a folder stands for its package.json `main` or `index.js`. */
function findEntry(physicalPath: string, entry: string): string {
  const path = resolve(physicalPath, entry);
  for (const candidate of [path, `${path}.js`, `${path}.json`, `${path}.node`]) {
    const found = statOf(candidate);
    if (found === undefined) continue;
    if (found.isDirectory()) mustHoldEntry(candidate);
    return candidate;
  }
  throw new StartError(
    'entry-missing',
    `entry ${path} does not exist`,
    'Correct `arguments` of the hosting, or deploy the file.',
  );
}

/** What a `main` names is left to Node, whose message says it. */
function mustHoldEntry(folder: string): void {
  const starts = ['package.json', 'index.js', 'index.json', 'index.node'];
  if (starts.some((name) => statOf(join(folder, name)) !== undefined)) return;
  throw new StartError(
    'entry-missing',
    `entry ${folder} holds no index.js and no package.json whose main names another file`,
    'Deploy the application there, or name its entry in `arguments` of the hosting.',
  );
}

/** The file that stands for a folder where its package.json names one; anything else is as it is. */
async function mainOf(entry: string): Promise<string> {
  const file = await readBounded(join(entry, 'package.json'), detectionJsonBytesMax, false);
  if (file.kind !== 'bytes') return entry;
  try {
    const { main } = JSON.parse(file.bytes.toString('utf8')) as { readonly main?: unknown };
    return typeof main === 'string' ? join(entry, main) : entry;
  } catch {
    // Node says what is wrong with it.
    return entry;
  }
}
