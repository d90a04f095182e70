/** The whole corpus of bad requests against the running server: what is accepted reaches the app, and is counted. */
import { corpusHost, mustAccept, mustRefuse, type RequestCase } from '../../conformance/corpus/index.js';
import { inParallel } from '../../support/batches.js';
import { type HostingChoice, hostingModels, outOfProcess } from '../../support/hosting.js';
import { app } from '../../support/paths.js';
import { RawClient } from '../../support/raw-client.js';
import { type Sluice, withSluice } from '../../support/sluice.js';
import { until } from '../../support/time.js';
import { type Experiment, type Outcome, violations } from '../experiment.js';

const connectionsAtOnce = 24;
const answerLimitMs = 20_000;

interface Verdict {
  readonly id: string;
  readonly status: number;
  readonly wrong: string | null;
}

function firstStatus(text: string): number {
  const final = [...text.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map((one) => Number(one[1]));
  return final.find((status) => status >= 200) ?? 0;
}

async function refusal(sluice: Sluice, { id, bytes, statuses }: RequestCase): Promise<Verdict> {
  const client = await RawClient.connect(sluice.port);
  try {
    client.send(bytes);
    await until('an answer and the end', () => client.ended, { withinMs: answerLimitMs, everyMs: 2 });
    const status = firstStatus(client.text());
    const isRight = statuses.includes(status) && !client.text().includes('recorded');
    return { id, status, wrong: isRight ? null : `${id}: ${status} instead of ${statuses.join('/')}` };
  } catch {
    const seen = JSON.stringify(client.text().slice(0, 60));
    return { id, status: 0, wrong: `${id}: the connection stays open after ${seen}` };
  } finally {
    client.close();
  }
}

async function acceptance(sluice: Sluice, { id, bytes }: RequestCase): Promise<Verdict> {
  const client = await RawClient.connect(sluice.port);
  try {
    client.send(bytes);
    await until('an answer', () => firstStatus(client.text()) !== 0 || client.ended, {
      withinMs: answerLimitMs,
      everyMs: 2,
    });
    const status = firstStatus(client.text());
    return {
      id,
      status,
      wrong: status === 200 ? null : `${id}: ${status} ${JSON.stringify(client.text().slice(0, 60))}`,
    };
  } catch {
    return { id, status: 0, wrong: `${id}: no answer` };
  } finally {
    client.close();
  }
}

async function wholeRequests(sluice: Sluice): Promise<number> {
  return Number((await sluice.call('/whole', { host: corpusHost })).text);
}

async function run({ model }: HostingChoice): Promise<Outcome> {
  // The app's own parser must not be stricter than the listener about the size of heads.
  const settings = model === 'in-process' ? {} : outOfProcess('--max-http-header-size=65536 index.js');
  const refused = [...mustRefuse()];
  const accepted = [...mustAccept()];
  let outcome: Outcome | null = null;
  await withSluice(
    {
      applicationPools: [{ name: 'a' }],
      sites: (port) => [
        {
          name: 'shop',
          bindings: [{ protocol: 'http', bindingInformation: `*:${port}:` }],
          applications: [{ path: '/', applicationPool: 'a', physicalPath: app('recorder'), ...settings }],
        },
      ],
    },
    async (sluice) => {
      const before = await wholeRequests(sluice);
      const refusals = await inParallel(refused, connectionsAtOnce, (one) => refusal(sluice, one));
      const reached = (await wholeRequests(sluice)) - before;
      const good = await inParallel(accepted, connectionsAtOnce, (one) => acceptance(sluice, one));
      const wrong = [...refusals, ...good].flatMap((one) => (one.wrong === null ? [] : [one.wrong]));
      outcome = {
        measured: `${model}: ${refused.length} bad requests, ${reached} accepted, ${refusals.filter((one) => one.wrong !== null).length} answered otherwise than expected; ${accepted.length} odd but valid ones, ${good.filter((one) => one.wrong !== null).length} refused`,
        broken: [...violations({ [`${reached} bad requests reached the app`]: reached === 0 }), ...wrong],
        missed: [],
      };
    },
  );
  return outcome ?? { measured: 'nothing', broken: ['did not run'], missed: [] };
}

export const mustRefuseLive: readonly Experiment[] = hostingModels.map((choice) => ({
  name: `must-refuse-${choice.model}`,
  promise: `requests that must be refused and are accepted (${choice.model}): 0`,
  run: () => run(choice),
}));
