/** What reaches an application's own parser of hostile requests: judged from the bytes, by three parsers. */
import { type FindingClass, findingClasses } from '../../../conformance/differential/findings.js';
import { differential, differentialCases, originBehind, originServer } from '../../../conformance/differential/live.js';
import { liveScripts } from '../../../conformance/http2/index.js';
import { missingH11 } from '../../../conformance/differential/views.js';
import { withSluice } from '../../../support/sluice.js';
import type { Experiment, Outcome } from '../../experiment.js';

async function run(scale: number): Promise<Outcome> {
  const missing = missingH11();
  if (missing !== null) return { measured: 'nothing', broken: [missing], missed: [] };
  const every = Math.max(1, Math.round(1 / scale));
  const some = <T>(all: readonly T[]): T[] => all.filter((_, index) => index % every === 0);
  const [cases, scripts] = [some(differentialCases()), some(liveScripts)];
  let outcome: Outcome | null = null;
  await withSluice(originServer(), async (sluice) => {
    const { forwarded, findings, wrongScripts } = await differential(originBehind(sluice), { cases, scripts });
    const count = (kind: FindingClass): number => findings.filter((one) => one.kind === kind).length;
    const kinds = Object.keys(findingClasses) as FindingClass[];
    outcome = {
      measured: `${cases.length} requests and ${scripts.length} HTTP/2 scripts, ${forwarded} forwarded; ${kinds.map((kind) => `${kind} ${count(kind)}`).join(', ')}`,
      broken: [
        ...(forwarded === 0 ? ['nothing was forwarded'] : []),
        ...wrongScripts.slice(0, 10),
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
    'findings in what is forwarded (processes that died, another number, meaning or framing of requests, ambiguous or partial ones), by three parsers: 0; spoofed token or forwarded fields that reach a worker: 0; HTTP/2 scripts of which a worker gets another byte than they ask for: 0',
  run,
};
