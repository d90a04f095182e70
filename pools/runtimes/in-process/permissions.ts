/**
 * Node's permission model (`node --permission`): what the pool's `nodePermissions` or the application's own options
 * ask for, and what the host needs beside it.
 */
import { dirname, resolve } from 'node:path';
import { StartError } from '../start-error.js';
import type { CommandRequest } from './command.js';
import { type NodeVersion, runtimeUnfit, written } from './node-binary.js';

const firstNodeWithAllowNet = 25;

/** Options for the Node of the worker, beside those of the application. Throws StartError `node-version`. */
export function permissionOptions(request: CommandRequest, version: NodeVersion): readonly string[] {
  const { nodeOptions } = request.hosting;
  const asked = nodeOptions.some((option) => option === '--permission' || option === '--experimental-permission');
  if (!asked && request.permissions === null) return [];
  return [...(request.permissions === null ? [] : granted(request, version)), ...forHost(request, version)];
}

/** The host reads its own file and, on a Node that knows the flag, listens on the inherited socket. */
function forHost({ hosting, hostFile }: CommandRequest, version: NodeVersion): readonly string[] {
  const options = [`--allow-fs-read=${dirname(hostFile)}/*`];
  if (version.major >= firstNodeWithAllowNet && !hosting.nodeOptions.includes('--allow-net'))
    options.push('--allow-net');
  return options;
}

function granted({ permissions, physicalPath, folders }: CommandRequest, version: NodeVersion): readonly string[] {
  if (permissions === null) return [];
  if (version.major < 22 || (version.major === 22 && version.minor < 13)) {
    throw new StartError(
      'node-version',
      `nodePermissions need Node 22.13 or newer, and this pool runs on Node ${written(version)}`,
      'Set nodePath of the pool to a newer Node, or nodePermissions.enabled: false.',
      true,
      runtimeUnfit,
    );
  }
  const paths = (option: string, named: readonly string[]): string[] =>
    [folders.home, folders.temp, ...named].flatMap((path) => {
      const absolute = resolve(physicalPath, path);
      return [`${option}=${absolute}`, `${option}=${absolute}/*`];
    });
  return [
    '--permission',
    ...paths('--allow-fs-read', [physicalPath, ...permissions.fsRead, ...permissions.fsWrite]),
    ...paths('--allow-fs-write', permissions.fsWrite),
    ...(permissions.childProcess ? ['--allow-child-process'] : []),
    ...(permissions.worker ? ['--allow-worker'] : []),
    ...(permissions.addons ? ['--allow-addons'] : []),
  ];
}
