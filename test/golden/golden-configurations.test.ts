/**
 * Files below test/golden/config: parts that start with `=== NAME`, the last one `=== expected`. The first
 * parts are written into a folder and loaded; the last one is what comes out, as text. SLUICE_GOLDEN=write
 * writes what comes out; read the difference before committing it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { formatDiagnostic } from '../../config/base/diagnostics.js';
import type { LoadResult } from '../../config/compile/compile.js';
import { repository } from '../support/paths.js';
import { Files } from '../unit/config/support.js';

const folder = join(repository, 'test/golden/config');
const mark = '=== expected\n';

function parts(text: string): readonly (readonly [name: string, body: string])[] {
  return text
    .split(/^=== /m)
    .slice(1)
    .map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1)]);
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
    if (hosting === null) continue;
    const command = [hosting.processPath || 'node', ...hosting.nodeOptions, hosting.entry, ...hosting.arguments].filter(
      (word) => word !== '',
    );
    lines.push(
      `  ${hosting.hostingModel} from ${hosting.source}: ${JSON.stringify(command)}${hosting.isDotnet ? ' (.NET)' : ''}`,
    );
    for (const { name, value } of hosting.environmentVariables) lines.push(`  ${name}=${value}`);
    lines.push(
      `  start ${hosting.startupTimeLimitMs} ms, stop ${hosting.shutdownTimeLimitMs} ms, request ${hosting.requestTimeoutMs} ms`,
    );
  }
  return `${lines.join('\n').replaceAll(root, '{root}')}\n`;
}

test.each(readdirSync(folder).sort())('%s', async (name) => {
  const path = join(folder, name);
  const text = readFileSync(path, 'utf8');
  const found = parts(text);
  const files = new Files();
  try {
    for (const [part, body] of found) if (part !== 'expected') files.write(part, body);
    const result = shown(await files.load(), files.root);
    if (process.env['SLUICE_GOLDEN'] === 'write') {
      writeFileSync(path, text.slice(0, text.indexOf(mark)) + mark + result);
    }
    expect(result).toBe(parts(readFileSync(path, 'utf8')).find(([part]) => part === 'expected')?.[1]);
  } finally {
    files.remove();
  }
});
