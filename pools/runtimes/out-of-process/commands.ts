/** Finds the program of `processPath`: an absolute path as it is, a name on the fixed PATH and a few known places. */
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { isFile, statOf } from '../files.js';
import { systemPath } from '../../../config/base/system-path.js';
import { StartError } from '../start-error.js';

export interface CommandRequest {
  readonly processPath: string;
  readonly physicalPath: string;
  /** The application's own DOTNET_ROOT, if configured. */
  readonly dotnetRoot: string | null;
}

export interface ResolvedCommand {
  /** Absolute. */
  readonly file: string;
  /** Set for a `dotnet` that lies outside the usual places, so that app hosts started by it find the runtime. */
  readonly dotnetRoot: string | null;
}

/** Throws StartError `entry-missing`. */
export function resolveCommand(request: CommandRequest): ResolvedCommand {
  const { processPath, physicalPath } = request;
  if (isAbsolute(processPath)) return existing(processPath);
  const inFolder = resolve(physicalPath, processPath);
  if (processPath.includes('/')) return existing(inFolder);
  if (isFile(inFolder)) return { file: inFolder, dotnetRoot: null };
  if (processPath === 'dotnet') return findDotnet(request);
  const found = searchPlaces(processPath).find(isFile);
  if (found === undefined) {
    throw new StartError(
      'entry-missing',
      `processPath ${processPath} was found neither in ${physicalPath} nor on ${systemPath}`,
      'Install the program, or write processPath as an absolute path.',
    );
  }
  return { file: found, dotnetRoot: null };
}

/** `python3`: the distribution's own before any private one; `node`: at last the one that runs Sluice. */
function searchPlaces(name: string): string[] {
  const onPath = systemPath.split(delimiter).map((folder) => join(folder, name));
  if (name === 'python3') return ['/usr/bin/python3', ...onPath];
  if (name === 'node') return [...onPath, process.execPath];
  return onPath;
}

const usualDotnetRoots = ['/usr/share/dotnet', '/usr/lib/dotnet', '/usr/lib64/dotnet', '/usr/local/share/dotnet'];

/**
 * Also where the caller of Sluice finds it: dotnet-install puts it into a home folder. What a machine's
 * owner has on the PATH is a place to look, never a PATH for tenants.
 */
function findDotnet(request: CommandRequest): ResolvedCommand {
  const callerPath = (process.env['PATH'] ?? '').split(delimiter).filter(isAbsolute);
  const roots = [request.dotnetRoot, process.env['DOTNET_ROOT'] ?? null].filter((root) => root !== null);
  const places = [
    ...roots.map((root) => join(root, 'dotnet')),
    ...systemPath.split(delimiter).map((folder) => join(folder, 'dotnet')),
    ...usualDotnetRoots.map((root) => join(root, 'dotnet')),
    ...callerPath.map((folder) => join(folder, 'dotnet')),
  ];
  const file = places.find(isFile);
  if (file === undefined) {
    throw new StartError(
      'entry-missing',
      'dotnet was found neither on PATH nor in DOTNET_ROOT, /usr/share/dotnet or /usr/lib/dotnet',
      'Install the ASP.NET Core runtime, or set DOTNET_ROOT among the environmentVariables.',
    );
  }
  return { file, dotnetRoot: request.dotnetRoot ?? unusualRoot(file) };
}

function unusualRoot(file: string): string | null {
  const folder = dirname(file);
  // Beside a link in /usr/bin there may be a program called host.
  const isInstallation = statOf(join(folder, 'host', 'fxr')) !== undefined;
  return isInstallation && !usualDotnetRoots.includes(folder) ? folder : null;
}

function existing(file: string): ResolvedCommand {
  if (isFile(file)) return { file, dotnetRoot: null };
  throw new StartError(
    'entry-missing',
    `processPath ${file} does not exist, or cannot be reached`,
    'Correct processPath, or deploy the file.',
  );
}
