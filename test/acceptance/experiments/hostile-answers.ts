/** What a hostile or broken worker sends: never shown as a good answer, never a client left hanging. */
import type { AnswerCase } from '../../conformance/corpus/index.js';
import { ask, hostileServer, isRight, withHostileApp } from '../../conformance/live-answers.js';
import { inParallel } from '../../support/batches.js';
import { type Sluice, withSluice } from '../../support/sluice.js';
import { type Experiment, type Outcome, violations } from '../experiment.js';

async function judge(sluice: Sluice, one: AnswerCase, index: number): Promise<string | null> {
  const { seen, status } = await ask(sluice.port, index);
  const next = await sluice.call('/good').catch(() => null);
  if (next === null || next.text !== 'good') return `${one.id}: the next request gets ${next?.status} ${next?.text}`;
  return isRight(one, seen) ? null : `${one.id}: ${seen} (${status}) instead of ${one.expect}`;
}

function run(): Promise<Outcome> {
  return withHostileApp(async (cases, hostile) => {
    let outcome: Outcome = { measured: 'nothing', broken: ['did not run'], missed: [] };
    await withSluice(hostileServer(hostile), async (sluice) => {
      await sluice.call('/good');
      const verdicts = await inParallel(cases, 8, (one, index) => judge(sluice, one, index));
      const wrong = verdicts.filter((one) => one !== null);
      const hanging = wrong.filter((one) => one.includes(': hanging'));
      outcome = {
        measured: `${cases.length} answers: ${wrong.length} judged wrongly, ${hanging.length} clients left hanging`,
        broken: [
          ...violations({ 'the worker was never restarted': (await sluice.pool('a')).restarts === 0 }),
          ...wrong,
        ],
        missed: [],
      };
    });
    return outcome;
  });
}

export const hostileAnswersLive: Experiment = {
  name: 'hostile-answers',
  promise: 'broken upstream bodies shown as complete: 0; clients left hanging: 0',
  run,
};
