/** What reaches an application's own parser of hostile requests: judged from the bytes, by three parsers. */
import { type FindingClass, findingClasses } from '../../../conformance/differential/findings.js';
import { differential, differentialCases, originBehind, originServer } from '../../../conformance/differential/live.js';
import { missingH11 } from '../../../conformance/differential/views.js';
import { withSluice } from '../../../support/sluice.js';
import type { Experiment, Outcome } from '../../experiment.js';

async function run(scale: number): Promise<Outcome> {
  const missing = missingH11();
  if (missing !== null) return { measured: 'nothing', broken: [missing], missed: [] };
  const all = differentialCases();
  const every = Math.max(1, Math.round(1 / scale));
  const cases = all.filter((_, index) => index % every === 0);
  let outcome: Outcome | null = null;
  await withSluice(originServer(), async (sluice) => {
    const { forwarded, findings } = await differential(originBehind(sluice), cases);
    const count = (kind: FindingClass): number => findings.filter((one) => one.kind === kind).length;
    const kinds = Object.keys(findingClasses) as FindingClass[];
    outcome = {
      measured: `${cases.length} requests, ${forwarded} forwarded; ${kinds.map((kind) => `${kind} ${count(kind)}`).join(', ')}`,
      broken: [
        ...(forwarded === 0 ? ['nothing was forwarded'] : []),
        ...findings.slice(0, 10).map(({ kind, detail }) => `${kind} ${detail}`),
      ],
      missed: [],
    };
  });
  return outcome ?? { measured: 'nothing', broken: ['did not run'], missed: [] };
}

export const differentialParsers: Experiment = {
  name: 'differential-parsers',
  promise:
    'findings in what is forwarded (processes that died, another number, meaning or framing of requests, ambiguous or partial ones), by three parsers: 0; spoofed token or forwarded fields that reach a worker: 0',
  run,
};
