/** `sluice profile`: CPU profile, heap snapshot or heap figures of one worker, as a file on this side. */
import { createWriteStream } from 'node:fs';
import { basename, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { escapeControls, printableJson } from '../../config/base/diagnostics.js';
import { messageOf, SluiceError } from '../../config/base/errors.js';
import { exitCode } from './exit-codes.js';
import { type AdminFlags, carryOut, open, resultLine } from './pool-command.js';

export interface ProfileFlags extends AdminFlags {
  readonly kind: string;
  readonly seconds?: string;
  readonly output?: string;
}

export async function profile(id: string, flags: ProfileFlags): Promise<number> {
  const client = await open(flags);
  const { kind, seconds, output, json = false } = flags;
  const query = new URLSearchParams({ kind, ...(seconds === undefined ? {} : { seconds }) });
  if (!json) process.stderr.write(`taking ${kind} of worker ${escapeControls(id)} ...\n`);
  const path = `/api/v1/workers/${encodeURIComponent(id)}/profile?${query.toString()}`;
  const operation = await carryOut(client, path, flags);
  if (operation.state === 'failed') {
    process.stdout.write(`${json ? printableJson(operation, 2) : resultLine(operation)}\n`);
    return exitCode.failed;
  }
  const answer = await client.stream(`/api/v1/operations/${operation.id}/file`);
  const target = resolve(output ?? basename(operation.file));
  try {
    // It may hold what the application knows.
    await pipeline(answer, createWriteStream(target, { mode: 0o600, flags: 'wx' }));
  } catch (error) {
    answer.destroy();
    const remedy = `name another with --output; on the server it is ${operation.file}`;
    throw new SluiceError('profile-not-written', `${target}: ${messageOf(error)}`, remedy);
  }
  if (json) process.stdout.write(`${printableJson({ ...operation, fetched: target }, 2)}\n`);
  else process.stdout.write(`${escapeControls(target)}${hints[kind] ?? ''}\n`);
  return exitCode.ok;
}

const hints: Readonly<Record<string, string>> = {
  cpu: ': open it in the developer tools of Chromium (Performance) or in an editor',
  heap: ': open it in the developer tools of Chromium (Memory)',
};
