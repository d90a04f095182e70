/** From `processPath` and `arguments`, written for Windows or Linux, to a program and its argv. */
import { basename, relative } from 'node:path';
import { shown } from '../base/units.js';
import type { AppFolder } from './app-folder.js';
import { forwardSlashes, isWindowsAbsolute, programName, unsetVariable } from './command-line.js';
import { dotnetProgram, isDotnetProgram } from './dotnet.js';

export type Program =
  | {
      readonly ok: true;
      readonly processPath: string;
      readonly arguments: readonly string[];
      readonly isDotnet: boolean;
    }
  | { readonly ok: false; readonly message: string; readonly remedy: string };

/** `processPath` is already expanded, `words` are the split arguments. */
export async function resolveProgram(
  folder: AppFolder,
  processPath: string,
  words: readonly string[],
): Promise<Program> {
  const args = await Promise.all(words.map((word) => linuxWord(folder, word)));
  const name = programName(processPath);
  const bare = !/[\\/]/.test(processPath);
  // `dotnet` and `node` are found by name, also where a Windows path or .exe names them.
  const unset = unsetVariable(processPath);
  if ((bare || unset !== null || isWindowsAbsolute(processPath)) && (name === 'dotnet' || name === 'node')) {
    return { ok: true, processPath: name, arguments: args, isDotnet: name === 'dotnet' };
  }
  if (unset !== null && !bare) {
    return {
      ok: false,
      message: `processPath "${shown(processPath)}" needs the variable ${shown(unset)}, which neither the pool nor the application sets`,
      remedy: 'set it in environmentVariables of the pool, or give a name for PATH',
    };
  }
  if (isWindowsAbsolute(processPath)) {
    return {
      ok: false,
      message: `processPath "${shown(processPath)}" is a path of Windows`,
      remedy: 'give a path below the application’s folder, an absolute Linux path, or a name for PATH',
    };
  }
  return found(folder, forwardSlashes(processPath), args, bare);
}

async function found(folder: AppFolder, path: string, args: readonly string[], bare: boolean): Promise<Program> {
  const isExe = path.toLowerCase().endsWith('.exe');
  const stem = isExe ? path.slice(0, -4) : path;
  for (const candidate of isExe ? [path, stem] : [path]) {
    if (!folder.isFile(candidate) || (await folder.magic(candidate, 2)) === 'MZ') continue;
    const absolute = folder.resolve(candidate);
    const inFolder = relative(folder.path, absolute);
    const isDotnet = await isDotnetProgram(folder, absolute, inFolder.startsWith('..') ? null : inFolder);
    return { ok: true, processPath: absolute, arguments: args, isDotnet };
  }
  const dotnet = await dotnetProgram(folder, stem);
  if (dotnet?.kind === 'app') {
    return { ok: true, processPath: 'dotnet', arguments: [...dotnet.arguments, ...args], isDotnet: true };
  }
  if (dotnet?.kind === 'refused') return { ok: false, message: dotnet.message, remedy: dotnet.remedy };
  if (folder.isFile(path)) {
    return {
      ok: false,
      message: `${basename(path)} is a program for Windows`,
      remedy: 'publish it for Linux, or as a portable application',
    };
  }
  // Not there (yet): a name is looked up in PATH when it starts, a path fails then with its own message.
  return { ok: true, processPath: bare ? stem : folder.resolve(stem), arguments: args, isDotnet: false };
}

/** `.\Web.dll` and `--config=.\app.json` name files of the application; other words keep their backslashes. */
async function linuxWord(folder: AppFolder, word: string): Promise<string> {
  if (!word.includes('\\')) return word;
  const turned = forwardSlashes(word);
  if (/^(?:--?[\w.-]+=)?\.{1,2}\\/.test(word)) return turned;
  return folder.isFile(turned) || folder.isFolder(turned) ? turned : word;
}
