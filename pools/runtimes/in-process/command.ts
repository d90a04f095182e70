/** What is run for an in-process application, and whether it can be: `node [options] --require HOST ENTRY args`. */
import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { HostingConfig } from '../../../config/model.js';
import type { Identity } from '../isolation/identity.js';
import { mustReach } from '../isolation/reachable.js';
import { StartError } from '../start-error.js';

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
}

/** Throws StartError `entry-missing` or `folder-unreachable`. */
export async function inProcessCommand(request: CommandRequest): Promise<InProcessCommand> {
  const { hosting, nodePath, hostFile, physicalPath } = request;
  const who = { identity: request.identity, pool: request.pool };
  mustReach({ ...who, path: physicalPath, wanted: 'search', target: 'application folder' });
  mustReach({ ...who, path: nodePath, wanted: 'execute', target: 'Node' });
  mustReach({ ...who, path: hostFile, wanted: 'read', target: 'the host of in-process applications' });
  mustReach({ ...who, path: findEntry(physicalPath, hosting.entry), wanted: 'read', target: 'entry' });
  const permissions = await permissionOptions(request);
  const args = [...hosting.nodeOptions, ...permissions, '--require', hostFile, hosting.entry, ...hosting.arguments];
  return { nodePath, args };
}

/** Node completes `server` to `server.js`; a folder stands for its package.json `main` or `index.js`. */
function findEntry(physicalPath: string, entry: string): string {
  const path = resolve(physicalPath, entry);
  for (const candidate of [path, `${path}.js`, `${path}.json`, `${path}.node`]) {
    const found = statSync(candidate, { throwIfNoEntry: false });
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
  if (starts.some((name) => statSync(join(folder, name), { throwIfNoEntry: false }) !== undefined)) return;
  throw new StartError(
    'entry-missing',
    `entry ${folder} holds no index.js and no package.json whose main names another file`,
    'Deploy the application there, or name its entry in `arguments` of the hosting.',
  );
}

/**
 * Node's permission model also refuses what the host needs: reading its own file and, on a Node that
 * knows the flag, listening on the inherited socket.
 */
async function permissionOptions(request: CommandRequest): Promise<string[]> {
  const { nodeOptions } = request.hosting;
  if (!nodeOptions.some((option) => option === '--permission' || option === '--experimental-permission')) return [];
  const options = [`--allow-fs-read=${dirname(request.hostFile)}/*`];
  const major = await nodeMajor(request.nodePath);
  if (major >= firstNodeWithAllowNet && !nodeOptions.includes('--allow-net')) options.push('--allow-net');
  return options;
}

const firstNodeWithAllowNet = 25;

const majors = new Map<string, Promise<number>>();

function nodeMajor(nodePath: string): Promise<number> {
  if (nodePath === process.execPath) return Promise.resolve(parseMajor(process.version));
  const known = majors.get(nodePath);
  if (known !== undefined) return known;
  const asked = new Promise<number>((done) => {
    execFile(nodePath, ['--version'], { env: {}, timeout: 10_000 }, (_error, stdout) => done(parseMajor(stdout)));
  });
  majors.set(nodePath, asked);
  return asked;
}

function parseMajor(version: string): number {
  return Number(/^v([0-9]+)\./.exec(version)?.[1] ?? 0);
}
