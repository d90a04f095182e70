import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Diagnostic } from '../../../config/base/diagnostics.js';
import { type LoadOptions, type LoadResult, loadConfig } from '../../../config/compile/compile.js';
import type { ApplicationConfig, CompiledConfig, HostingConfig } from '../../../config/model.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

/** A folder of files that lives as long as one test. */
export class Files {
  readonly root = tempFolder('cfg');

  write(name: string, contents: string | Buffer = ''): this {
    const path = join(this.root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, contents);
    return this;
  }

  path(name: string): string {
    return join(this.root, name);
  }

  load(options: Partial<LoadOptions> = {}, name = 'sluice.yaml'): Promise<LoadResult> {
    return loadConfig(this.path(name), { environment: {}, uid: 1000, ...options });
  }

  remove(): void {
    removeFolder(this.root);
  }
}

/** Runs `body` with a folder that is gone afterwards. */
export async function withFiles(body: (files: Files) => Promise<void>): Promise<void> {
  const files = new Files();
  try {
    await body(files);
  } finally {
    files.remove();
  }
}

/** A file with one site and one application in ./app; `more` is added to the application. */
export function oneApplication(more = ''): string {
  return [
    'sites:',
    '  - name: main',
    '    bindings: [{ protocol: http, bindingInformation: "*:8080:" }]',
    '    applications:',
    '      - path: /',
    '        physicalPath: ./app',
    ...(more === '' ? [] : more.split('\n').map((line) => `        ${line}`)),
    '',
  ].join('\n');
}

/** The compiled configuration of a load that must succeed. */
export function good(result: LoadResult): CompiledConfig {
  if (result.config === null) throw new Error(result.diagnostics.map((one) => one.message).join('\n'));
  return result.config;
}

export function onlyApplication(result: LoadResult): ApplicationConfig {
  const [application] = good(result).applications;
  if (application === undefined) throw new Error('there is no application');
  return application;
}

export function onlyHosting(result: LoadResult): HostingConfig {
  const { hosting, failure } = onlyApplication(result);
  if (hosting === null) throw new Error(failure?.diagnostic.message ?? 'no hosting');
  return hosting;
}

/** `line:column code` of every diagnostic. */
export function places(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.map((one) => `${one.line}:${one.column} ${one.code}`);
}

export function webConfig(inside: string): string {
  return `<?xml version="1.0" encoding="utf-8"?>\n<configuration>\n<system.webServer>\n${inside}\n</system.webServer>\n</configuration>\n`;
}

/** Loads one application whose folder holds this web.config and a server.js. */
export async function loadWebConfig(files: Files, text: string | Buffer, more = ''): Promise<LoadResult> {
  files.write('app/web.config', text).write('app/server.js').write('sluice.yaml', oneApplication(more));
  return files.load();
}
