/** A worker that ends idle connections after 5 s, and clients whose requests come just then. */
import { keepAliveAgent } from '../../../support/http-client.js';
import { outOfProcess } from '../../../support/hosting.js';
import { app } from '../../../support/paths.js';
import { Random } from '../../../support/random.js';
import { withSluice } from '../../../support/sluice.js';
import { pause } from '../../../support/time.js';
import { type Experiment, type Outcome, scaled, violations } from '../../experiment.js';

/** Node's http.Server.keepAliveTimeout. */
const idleMs = 5_000;
const spreadMs = 200;

async function run(connections: number, rounds: number): Promise<Outcome> {
  const random = new Random(20_260_804);
  const statuses = new Map<string, number>();
  await withSluice(
    {
      applicationPools: [{ name: 'a' }],
      applications: [{ path: '/', applicationPool: 'a', physicalPath: app('plain'), ...outOfProcess('index.js') }],
    },
    async (sluice) => {
      await sluice.call('/');
      const client = async (index: number): Promise<void> => {
        const agent = keepAliveAgent(1);
        for (let round = 0; round < rounds; round++) {
          // POST: nothing may be sent twice, so only a connection that is surely open helps.
          const answer = await sluice
            .call('/n/x', { agent, method: index % 2 === 0 ? 'POST' : 'GET' })
            .then(({ status }) => String(status))
            .catch((error: unknown) => String(error));
          statuses.set(answer, (statuses.get(answer) ?? 0) + 1);
          await pause(idleMs - spreadMs / 2 + random.below(spreadMs));
        }
        agent.destroy();
      };
      await Promise.all(Array.from({ length: connections }, (_, index) => client(index)));
    },
  );
  const seen = [...statuses].map(([status, count]) => `${count} x ${status}`).join(', ');
  return {
    measured: `${connections} connections, ${rounds} rounds, half of them POST: ${seen}`,
    broken: violations({ [`answers: ${seen}`]: [...statuses.keys()].join() === '200' }),
    missed: [],
  };
}

export const keepAliveRace: Experiment = {
  name: 'keep-alive-race',
  promise: 'requests spaced 4.9 to 5.1 s before a worker that ends idle connections after 5 s: 0 x 502',
  run: (scale) => run(100, scaled(60, scale, 3)),
};
