/**
 * Golden files: parts that start with `=== NAME`, the last one `=== expected`. The first parts are written
 * into a folder and loaded; the last one is what comes out, as text. SLUICE_GOLDEN=write writes what comes out;
 * read the difference before committing it.
 *
 * `=== app/web.config [utf-16le]` is written in that encoding; `{{300x <a>}}` stands for that many repetitions.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatDiagnostic } from '../../config/base/diagnostics.js';
import type { LoadResult } from '../../config/compile/compile.js';
import type { HostingConfig } from '../../config/model.js';
import { Files, oneApplication } from '../unit/config/support.js';
import { repository } from './paths.js';

const mark = '=== expected\n';
const main = 'sluice.yaml';

export interface Golden {
  readonly name: string;
  /** What came out now. */
  readonly found: string;
  /** What the file says. */
  readonly expected: string;
}

export function goldenFolder(name: string): string {
  return join(repository, 'test', 'golden', name);
}

export function goldenNames(folder: string): readonly string[] {
  return readdirSync(folder).sort();
}

/** Writes the parts, loads them; a file without `sluice.yaml` is one application in `app`. */
export async function golden(folder: string, name: string): Promise<Golden> {
  const path = join(folder, name);
  const text = readFileSync(path, 'utf8');
  const files = new Files();
  try {
    const inputs = partsOf(text).filter(([part]) => part !== 'expected');
    if (!inputs.some(([part]) => part === main)) files.write(main, oneApplication()).write('app/readme.txt');
    for (const [part, body] of inputs) {
      const [, file = part, encoding = 'utf-8'] = /^(\S+) \[(.+)\]$/.exec(part) ?? [];
      files.write(file, encoded(repeated(body), encoding));
    }
    const found = shown(await files.load(), files.root);
    if (process.env['SLUICE_GOLDEN'] === 'write') {
      writeFileSync(path, text.slice(0, text.indexOf(mark)) + mark + found);
      return { name, found, expected: found };
    }
    return { name, found, expected: text.slice(text.indexOf(mark) + mark.length) };
  } finally {
    files.remove();
  }
}

function partsOf(text: string): readonly (readonly [name: string, body: string])[] {
  return text
    .split(/^=== /m)
    .slice(1)
    .map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1)]);
}

function repeated(body: string): string {
  return body.replace(/\{\{(\d+)x (.*?)\}\}/g, (_, count: string, what: string) => what.repeat(Number(count)));
}

function encoded(body: string, encoding: string): Buffer {
  switch (encoding) {
    case 'utf-8':
      return Buffer.from(body);
    case 'utf-8 bom':
      return Buffer.from(`\ufeff${body}`);
    case 'utf-16le':
      return Buffer.from(`\ufeff${body}`, 'utf16le');
    case 'utf-16be':
      return Buffer.from(`\ufeff${body}`, 'utf16le').swap16();
    case 'latin1':
      return Buffer.from(body, 'latin1');
    default:
      throw new Error(`no such encoding: ${encoding}`);
  }
}

/** What a reader of the golden file wants to see: diagnostics, pools by name, applications with their hosting. */
function shown(result: LoadResult, root: string): string {
  const lines = result.diagnostics.map(formatDiagnostic);
  for (const pool of result.config?.pools ?? []) {
    const { maxProcesses, idleTimeoutMs } = pool.processModel;
    lines.push(`pool ${pool.name}: queue ${pool.queueLength}, ${maxProcesses} processes, idle ${idleTimeoutMs} ms`);
  }
  for (const { id, pool, hosting, failure, maxAllowedContentLength } of result.config?.applications ?? []) {
    const answer = failure === null ? '' : ` answers ${failure.status}.${failure.subStatus}`;
    lines.push(`application ${id} in ${pool}, bodies to ${maxAllowedContentLength}${answer}`);
    if (hosting !== null) lines.push(...shownHosting(hosting).map((line) => `  ${line}`));
  }
  return `${lines.join('\n').replaceAll(root, '{root}')}\n`;
}

function shownHosting(hosting: HostingConfig): string[] {
  const { processPath, nodeOptions, entry, isDotnet, environmentVariables } = hosting;
  const command = [processPath || 'node', ...nodeOptions, entry, ...hosting.arguments].filter((word) => word !== '');
  return [
    `${hosting.hostingModel} from ${hosting.source}: ${JSON.stringify(command)}${isDotnet ? ' (.NET)' : ''}`,
    ...environmentVariables.map(({ name, value }) => `${name}=${value}`),
    `start ${hosting.startupTimeLimitMs} ms, stop ${hosting.shutdownTimeLimitMs} ms, request ${hosting.requestTimeoutMs} ms`,
    ...shownUnusual(hosting),
  ];
}

/** What differs from the defaults of out-of-process hosting. */
function shownUnusual(hosting: HostingConfig): string[] {
  const { handlerSettings } = hosting;
  const facts: readonly (readonly [text: string, usual: boolean])[] = [
    [`${hosting.startAttempts} start attempts`, hosting.startAttempts === 2],
    [`${hosting.processesPerApplication} processes per application`, hosting.processesPerApplication === 1],
    [`${hosting.rapidFailsPerMinute} rapid fails per minute`, hosting.rapidFailsPerMinute === 10],
    [`output to ${hosting.stdoutLogFile}`, !hosting.stdoutLogEnabled],
    ['no start-up error page', !hosting.disableStartUpErrorPage],
    ['no WebSocket', hosting.webSocket],
    ['Connection of answers passes', !handlerSettings.forwardResponseConnectionHeader],
    ['output is discarded', handlerSettings.enableOutOfProcessConsoleRedirection],
    ['changes wait for the next start', !handlerSettings.disallowRotationOnConfigChange],
  ];
  const watched = hosting.recycleOnFileChange.map(({ path }) => `recycled by ${path}`);
  return [...facts.filter(([, usual]) => !usual).map(([text]) => text), ...watched];
}
