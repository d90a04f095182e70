/** Finding out what an application folder is when neither web.config nor `hosting` says it. */
import { basename } from 'node:path';
import type { AppFolder } from './app-folder.js';
import { findDotnet } from './dotnet.js';
import { isPlain } from './inherit.js';

export type Detection =
  /** `entry` is given to node: the folder itself, or a file. */
  | { readonly kind: 'node'; readonly entry: string }
  | { readonly kind: 'dotnet'; readonly processPath: string; readonly arguments: readonly string[] }
  | { readonly kind: 'none'; readonly message: string; readonly remedy: string };

export async function detect(folder: AppFolder): Promise<Detection> {
  const node = await nodeEntry(folder);
  const dotnet = await findDotnet(folder);
  if (node !== null && dotnet?.kind === 'app') {
    return {
      kind: 'none',
      message: `${folder.path} holds a Node application (${basename(node.entry)}) and a published .NET application (${basename(dotnet.arguments[0] ?? dotnet.processPath)})`,
      remedy: 'say which one with a web.config or `hosting: { processPath: ..., arguments: ... }`',
    };
  }
  if (node !== null) return node;
  if (dotnet?.kind === 'app') return { kind: 'dotnet', processPath: dotnet.processPath, arguments: dotnet.arguments };
  if (dotnet?.kind === 'refused') return { kind: 'none', message: dotnet.message, remedy: dotnet.remedy };
  return {
    kind: 'none',
    message: `nothing in ${folder.path} says how to run it: no package.json with a main that exists, no index.js, server.js or app.js, no published .NET application`,
    remedy: 'add one, or name the program with `hosting: { processPath: ..., arguments: ... }`',
  };
}

/** What `node FOLDER` would run, then the usual names of entry files. */
export async function nodeEntry(folder: AppFolder): Promise<{ readonly kind: 'node'; readonly entry: string } | null> {
  for (const name of ['index.js', 'server.js', 'app.js']) folder.lookedFor(name);
  const main = await packageMain(folder);
  if (main !== null && (await resolvesAsMain(folder, main))) return { kind: 'node', entry: folder.path };
  if (folder.isFile('index.js')) return { kind: 'node', entry: folder.path };
  for (const name of ['server.js', 'app.js']) {
    if (folder.isFile(name)) return { kind: 'node', entry: folder.resolve(name) };
  }
  return null;
}

async function packageMain(folder: AppFolder): Promise<string | null> {
  const file = folder.json('package.json');
  const main = file.kind === 'json' && isPlain(file.value) ? file.value['main'] : undefined;
  return typeof main === 'string' && main !== '' && !main.includes('\0') ? main : null;
}

/** Node's rule for `main`: the file, with an extension, or an index in the folder of that name. */
async function resolvesAsMain(folder: AppFolder, main: string): Promise<boolean> {
  for (const end of ['', '.js', '.json', '.node', '/index.js', '/index.json', '/index.node']) {
    if (folder.isFile(`${main}${end}`)) return true;
  }
  return false;
}
