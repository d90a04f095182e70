import { hostingModels } from '../../support/hosting.js';
import { app } from '../../support/paths.js';
import { RawClient } from '../../support/raw-client.js';
import { withSluice } from '../../support/sluice.js';
import { until } from '../../support/time.js';
import { type Experiment, type Outcome, violations } from '../experiment.js';

const count = 2_000;

async function pipelined(settings: object): Promise<{ answers: number; inOrder: boolean; mostInFlight: number }> {
  let seen = { answers: 0, inOrder: false, mostInFlight: 0 };
  await withSluice(
    {
      applicationPools: [{ name: 'a' }],
      applications: [{ path: '/', applicationPool: 'a', physicalPath: app('plain'), ...settings }],
    },
    async (sluice) => {
      await sluice.call('/');
      const client = await RawClient.connect(sluice.port);
      const requests = Array.from({ length: count }, (_, index) => `GET /n/_${index}_ HTTP/1.1\r\nHost: a\r\n\r\n`);
      client.send(requests.join(''));
      const found = (): string[] => client.text().match(/_\d+_/g) ?? [];
      await until('every answer', () => found().length === count, {
        withinMs: 60_000,
        state: () => `${found().length} answers, ended: ${client.ended}; ${client.text().slice(-300)}`,
      });
      const inOrder = found().every((one, index) => one === `_${index}_`);
      const { mostInFlight } = JSON.parse((await sluice.call('/state')).text) as { mostInFlight: number };
      seen = { answers: found().length, inOrder, mostInFlight };
      client.close();
    },
  );
  return seen;
}

async function run(): Promise<Outcome> {
  const measured: string[] = [];
  const broken: string[] = [];
  for (const { model, settings } of hostingModels) {
    const { answers, inOrder, mostInFlight } = await pipelined(settings);
    measured.push(`${model}: ${answers} answers, most in flight ${mostInFlight}`);
    broken.push(
      ...violations({
        [`${model}: ${answers} of ${count} answered`]: answers === count,
        [`${model}: answered in order`]: inOrder,
        [`${model}: ${mostInFlight} upstream requests at a time`]: mostInFlight === 1,
      }),
    );
  }
  return { measured: measured.join('; '), broken, missed: [] };
}

export const pipelining: Experiment = {
  name: 'pipelining',
  promise: '2,000 pipelined GETs: one upstream request at a time, answered in order',
  run,
};
