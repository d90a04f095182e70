/** The answers of the corpus, given by a hostile app behind whatever listens on the port: Sluice or a peer. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readAnswer } from '../support/answer-framing.js';
import { outOfProcess } from '../support/hosting.js';
import { app } from '../support/paths.js';
import { RawClient } from '../support/raw-client.js';
import type { SluiceOptions } from '../support/sluice.js';
import { removeFolder, tempFolder } from '../support/temp-folder.js';
import { until } from '../support/time.js';
import { type AnswerCase, hostileResponses } from './corpus/index.js';

const answerLimitMs = 20_000;

export type Seen = 'whole' | '502' | 'cut' | 'hanging';

/** Asks for the answer with this index and reads it as a strict client does. */
export async function ask(
  port: number,
  index: number,
  withinMs = answerLimitMs,
): Promise<{ readonly seen: Seen; readonly status: number }> {
  const client = await RawClient.connect(port);
  const answer = () => readAnswer(client.text(), client.ended && client.error === null);
  try {
    client.send(`GET /case/${index} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await until('an answer or an end', () => answer().whole || client.ended, { withinMs, everyMs: 2 });
    const { status, whole } = answer();
    if (!whole) return { seen: 'cut', status };
    return { seen: status === 502 ? '502' : 'whole', status };
  } catch {
    return { seen: 'hanging', status: answer().status };
  } finally {
    client.close();
  }
}

const allowed: Readonly<Record<AnswerCase['expect'], readonly Seen[]>> = {
  ok: ['whole'],
  '502': ['502'],
  // A fault that was seen before the head went out may be told instead of shown.
  cut: ['cut', '502'],
  '502-or-cut': ['502', 'cut'],
};

export function isRight(one: AnswerCase, seen: Seen): boolean {
  return allowed[one.expect].includes(seen);
}

/** The hostile app: which file to start and what it needs to know. */
export interface HostileApp {
  readonly entry: string;
  readonly env: { readonly CASES: string };
}

/** Lends the cases to `body`, with the app that answers them. */
export async function withHostileApp<T>(
  body: (cases: readonly AnswerCase[], hostile: HostileApp) => Promise<T>,
): Promise<T> {
  const cases = [...hostileResponses()];
  const folder = tempFolder('tenant');
  const file = join(folder, 'cases.json');
  writeFileSync(file, JSON.stringify(cases.map(({ bytes, close }) => ({ bytes: bytes.toString('base64'), close }))));
  try {
    return await body(cases, { entry: join(app('raw-tenant'), 'index.js'), env: { CASES: file } });
  } finally {
    removeFolder(folder);
  }
}

/** Sluice with the hostile app. */
export function hostileServer({ env }: HostileApp): SluiceOptions {
  const settings = outOfProcess('index.js', { environmentVariables: env });
  return {
    applicationPools: [{ name: 'a' }],
    applications: [{ path: '/', applicationPool: 'a', physicalPath: app('raw-tenant'), ...settings }],
  };
}
