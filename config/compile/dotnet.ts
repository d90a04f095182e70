/** Recognising published .NET applications by what `dotnet publish` leaves behind. */
import { basename } from 'node:path';
import { detectionProgramsMax } from '../base/limits.js';
import type { AppFolder } from './app-folder.js';
import { isPlain } from './inherit.js';

/** How to start it, why it cannot be started, or null: this is no .NET folder. */
export type DotnetFinding =
  | { readonly kind: 'app'; readonly processPath: string; readonly arguments: readonly string[] }
  | { readonly kind: 'refused'; readonly message: string; readonly remedy: string };

const runtimeConfigEnd = '.runtimeconfig.json';
const endpointsEnd = '.staticwebassets.endpoints.json';
const webFramework = 'Microsoft.AspNetCore.App';
/** Stands in every apphost; the 8 bytes before it hold the offset of the bundle, 0 for none. */
const bundleMarker = Buffer.from('8b1202b96a612038727b930214d7a03213f5b9e6efae3318ee3b2dce24b36aae', 'hex');

export async function findDotnet(folder: AppFolder): Promise<DotnetFinding | null> {
  const names = folder.entries();
  const apps = names
    .filter((name) => name.endsWith(runtimeConfigEnd) && name.length > runtimeConfigEnd.length)
    .map((name) => name.slice(0, -runtimeConfigEnd.length))
    .filter((name) => names.includes(`${name}.dll`));
  const [first, ...more] = apps;
  if (first !== undefined && more.length > 0) {
    return {
      kind: 'refused',
      message: `the folder holds several .NET applications: ${apps.slice(0, 8).join(', ')}`,
      remedy: 'say which one with a web.config or `hosting: { processPath: dotnet, arguments: NAME.dll }`',
    };
  }
  if (first !== undefined) return runtimeConfigApp(folder, first);
  const single = (await singleFileApp(folder, names)) ?? (await olderSingleFileApp(folder, names));
  if (single !== null) return single;
  return sourceOf(names);
}

/** What must be published before it can run. */
function sourceOf(names: readonly string[]): DotnetFinding | null {
  const source =
    names.find((name) => /\.(?:cs|fs|vb)proj$/.test(name)) ?? names.find((name) => /\.(?:slnx?|cs|fs|vb)$/.test(name));
  if (source === undefined) return null;
  return {
    kind: 'refused',
    message: `the folder holds the source of a .NET application (${source}), not a published one`,
    remedy: 'publish it first (dotnet publish -c Release) and point physicalPath at the publish folder',
  };
}

/** `dotnet Web.dll` in the folder of the project itself, where no Web.dll is. */
export async function unpublishedDll(
  folder: AppFolder,
  words: readonly string[],
): Promise<{ readonly message: string; readonly remedy: string } | null> {
  const [dll] = words;
  if (dll === undefined || !dll.toLowerCase().endsWith('.dll') || folder.isFile(dll)) return null;
  const source = sourceOf(folder.entries());
  return source?.kind === 'refused' ? source : null;
}

interface RuntimeConfig {
  readonly web: boolean;
  readonly selfContained: boolean;
}

async function readRuntimeConfig(folder: AppFolder, name: string): Promise<RuntimeConfig | string> {
  const file = folder.json(`${name}${runtimeConfigEnd}`);
  if (file.kind === 'absent') return 'it has gone';
  if (file.kind === 'bad') return file.message;
  const options = isPlain(file.value) ? file.value['runtimeOptions'] : undefined;
  if (!isPlain(options)) return 'it has no runtimeOptions';
  const included = frameworkNames(options['includedFrameworks']);
  const shared = [...frameworkNames(options['frameworks']), ...frameworkNames([options['framework']])];
  return { web: [...included, ...shared].includes(webFramework), selfContained: included.length > 0 };
}

function frameworkNames(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: unknown) => (isPlain(item) && typeof item['name'] === 'string' ? [item['name']] : []));
}

async function runtimeConfigApp(folder: AppFolder, name: string): Promise<DotnetFinding> {
  const config = await readRuntimeConfig(folder, name);
  if (typeof config === 'string') {
    return {
      kind: 'refused',
      message: `${name}${runtimeConfigEnd} cannot be used: ${config}`,
      remedy: 'publish the application again',
    };
  }
  if (!config.web) {
    return notWeb(name, 'its runtimeconfig.json');
  }
  if (!config.selfContained) return { kind: 'app', processPath: 'dotnet', arguments: [`${name}.dll`] };
  return (await builtForWindows(folder, name)) ?? { kind: 'app', processPath: folder.resolve(name), arguments: [] };
}

function notWeb(name: string, where: string): DotnetFinding {
  return {
    kind: 'refused',
    message: `${name} is a .NET program, but not a web application (${where} does not name ${webFramework})`,
    remedy: 'name the program that serves HTTP with `hosting.processPath`',
  };
}

/** A self-contained build for Windows carries its runtime as Windows libraries. */
async function builtForWindows(folder: AppFolder, name: string): Promise<DotnetFinding | null> {
  if (folder.isFile('libhostpolicy.so')) return null;
  if (!folder.isFile('hostpolicy.dll') && !folder.isFile(`${name}.exe`) && folder.isFile(name)) {
    return null;
  }
  return windowsBuild(name);
}

function windowsBuild(name: string): DotnetFinding {
  return {
    kind: 'refused',
    message: `${basename(name)} is built for Windows (self-contained win-*)`,
    remedy: 'publish it for Linux: dotnet publish -r linux-x64, or without -r as a portable application',
  };
}

/** One ELF file and no json: the bundle marker proves it; the endpoints file says that it is a web application. */
async function singleFileApp(folder: AppFolder, names: readonly string[]): Promise<DotnetFinding | null> {
  const candidates = names
    .filter((name) => name.endsWith(endpointsEnd))
    .map((name) => name.slice(0, -endpointsEnd.length));
  for (const name of candidates.slice(0, 4)) {
    if (names.includes(name) && (await isBundle(folder, name))) {
      return { kind: 'app', processPath: folder.resolve(name), arguments: [] };
    }
    if (names.includes(`${name}.exe`) && (await folder.magic(`${name}.exe`, 2)) === 'MZ') return windowsBuild(name);
  }
  return null;
}

/**
 * SDKs before 9 leave no endpoints file: the bundle itself says, in its runtimeconfig.json, which framework
 * it needs.
 */
async function olderSingleFileApp(folder: AppFolder, names: readonly string[]): Promise<DotnetFinding | null> {
  if (!names.includes('appsettings.json')) return null;
  const programs = names.filter((name) => !otherFiles.test(name)).slice(0, detectionProgramsMax);
  for (const name of programs) {
    if (!(await isBundle(folder, name))) continue;
    if (await holds(folder, name, Buffer.from(webFramework))) {
      return { kind: 'app', processPath: folder.resolve(name), arguments: [] };
    }
    return notWeb(name, 'its bundle');
  }
  return null;
}

const otherFiles = /\.(?:dll|so|a|pdb|json|xml|config|html?|m?js|css|map|md|txt|png|ico|br|gz)$/i;

async function holds(folder: AppFolder, name: string, wanted: Buffer): Promise<boolean> {
  const found = await folder.scan(name, (piece) => (piece.includes(wanted) ? true : null), wanted.length);
  return found ?? false;
}

async function isBundle(folder: AppFolder, name: string): Promise<boolean> {
  if ((await folder.magic(name, 4)) !== '\x7fELF') return false;
  const found = await folder.scan(
    name,
    (piece) => {
      const at = piece.indexOf(bundleMarker);
      return at < 8 ? null : piece.readBigInt64LE(at - 8) !== 0n;
    },
    bundleMarker.length + 8,
  );
  return found ?? false;
}

/** What a program named by web.config or `hosting` is started with, when it is a .NET application. */
export async function dotnetProgram(folder: AppFolder, name: string): Promise<DotnetFinding | null> {
  if (!folder.isFile(`${name}.dll`) || !folder.isFile(`${name}${runtimeConfigEnd}`)) return null;
  const config = await readRuntimeConfig(folder, name);
  if (typeof config === 'string') return null;
  if (!config.selfContained) return { kind: 'app', processPath: 'dotnet', arguments: [`${name}.dll`] };
  return builtForWindows(folder, name);
}

/** The process is a .NET application: dotnet itself, an apphost with its dll, or a single file. */
export async function isDotnetProgram(folder: AppFolder, program: string, inFolder: string | null): Promise<boolean> {
  if (program === 'dotnet' || program.endsWith('/dotnet')) return true;
  if (inFolder === null) return false;
  if (folder.isFile(`${inFolder}${runtimeConfigEnd}`)) return true;
  return isBundle(folder, inFolder);
}
