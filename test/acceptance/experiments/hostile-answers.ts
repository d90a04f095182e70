/** What a hostile or broken worker sends: never shown as a good answer, never a client left hanging. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AnswerCase, hostileResponses } from '../../conformance/corpus/index.js';
import { readAnswer } from '../../support/answer-framing.js';
import { inParallel } from '../../support/batches.js';
import { outOfProcess } from '../../support/hosting.js';
import { app } from '../../support/paths.js';
import { RawClient } from '../../support/raw-client.js';
import { type Sluice, withSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';
import { type Experiment, type Outcome, violations } from '../experiment.js';

const answerLimitMs = 20_000;

type Seen = 'whole' | '502' | 'cut' | 'hanging';

async function ask(sluice: Sluice, index: number): Promise<{ seen: Seen; status: number }> {
  const client = await RawClient.connect(sluice.port);
  const answer = () => readAnswer(client.text(), client.ended && client.error === null);
  try {
    client.send(`GET /case/${index} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await until('an answer or an end', () => answer().whole || client.ended, { withinMs: answerLimitMs, everyMs: 2 });
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

async function judge(sluice: Sluice, one: AnswerCase, index: number): Promise<string | null> {
  const { seen, status } = await ask(sluice, index);
  const next = await sluice.call('/good').catch(() => null);
  if (next === null || next.text !== 'good') return `${one.id}: the next request gets ${next?.status} ${next?.text}`;
  return allowed[one.expect].includes(seen) ? null : `${one.id}: ${seen} (${status}) instead of ${one.expect}`;
}

async function run(): Promise<Outcome> {
  const cases = [...hostileResponses()];
  const folder = tempFolder('tenant');
  const file = join(folder, 'cases.json');
  writeFileSync(file, JSON.stringify(cases.map(({ bytes, close }) => ({ bytes: bytes.toString('base64'), close }))));
  let outcome: Outcome | null = null;
  try {
    const settings = outOfProcess('index.js', { environmentVariables: { CASES: file } });
    await withSluice(
      {
        applicationPools: [{ name: 'a' }],
        applications: [{ path: '/', applicationPool: 'a', physicalPath: app('raw-tenant'), ...settings }],
      },
      async (sluice) => {
        await sluice.call('/good');
        const wrong = (await inParallel(cases, 8, (one, index) => judge(sluice, one, index))).filter(
          (one) => one !== null,
        );
        const hanging = wrong.filter((one) => one.includes(': hanging'));
        outcome = {
          measured: `${cases.length} answers: ${wrong.length} judged wrongly, ${hanging.length} clients left hanging`,
          broken: [
            ...violations({ 'the worker was never restarted': (await sluice.pool('a')).restarts === 0 }),
            ...wrong,
          ],
          missed: [],
        };
      },
    );
  } finally {
    removeFolder(folder);
  }
  return outcome ?? { measured: 'nothing', broken: ['did not run'], missed: [] };
}

export const hostileAnswersLive: Experiment = {
  name: 'hostile-answers',
  promise: 'broken upstream bodies shown as complete: 0; clients left hanging: 0',
  run,
};
