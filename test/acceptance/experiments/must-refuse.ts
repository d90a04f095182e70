/** The whole corpus of bad requests against the running server: what is accepted reaches the app, and is counted. */
import { mustAccept, mustRefuse } from '../../conformance/corpus/index.js';
import {
  acceptance,
  connectionsAtOnce,
  recorderServer,
  refusal,
  wholeRequests,
} from '../../conformance/live-requests.js';
import { inParallel } from '../../support/batches.js';
import { type HostingChoice, hostingModels } from '../../support/hosting.js';
import { withSluice } from '../../support/sluice.js';
import { type Experiment, type Outcome, violations } from '../experiment.js';

async function run(choice: HostingChoice): Promise<Outcome> {
  const { model } = choice;
  const refused = [...mustRefuse()];
  const accepted = [...mustAccept()];
  let outcome: Outcome | null = null;
  await withSluice(recorderServer(choice), async ({ port }) => {
    const before = await wholeRequests(port);
    const refusals = await inParallel(refused, connectionsAtOnce, (one) => refusal(port, one));
    const reached = (await wholeRequests(port)) - before;
    const good = await inParallel(accepted, connectionsAtOnce, (one) => acceptance(port, one));
    const wrong = [...refusals, ...good].flatMap((one) => (one.wrong === null ? [] : [one.wrong]));
    outcome = {
      measured: `${model}: ${refused.length} bad requests, ${reached} accepted, ${refusals.filter((one) => one.wrong !== null).length} answered otherwise than expected; ${accepted.length} odd but valid ones, ${good.filter((one) => one.wrong !== null).length} refused`,
      broken: [...violations({ [`${reached} bad requests reached the app`]: reached === 0 }), ...wrong],
      missed: [],
    };
  });
  return outcome ?? { measured: 'nothing', broken: ['did not run'], missed: [] };
}

export const mustRefuseLive: readonly Experiment[] = hostingModels.map((choice) => ({
  name: `must-refuse-${choice.model}`,
  promise: `requests that must be refused and are accepted (${choice.model}): 0`,
  run: () => run(choice),
}));
