import { call, keepAliveAgent } from '../../support/http-client.js';
import { nodes } from '../../support/nodes.js';
import { app } from '../../support/paths.js';
import { RawClient } from '../../support/raw-client.js';
import { withSluice } from '../../support/sluice.js';
import { type Experiment, type Outcome, scaled, violations } from '../experiment.js';

const connections = 64;
/** Uploads that are answered early; the next request comes in one packet with their last bytes. */
const earlyMax = 500;

async function answeredEarly(port: number, count: number): Promise<void> {
  const client = await RawClient.connect(port);
  for (let index = 0; index < count; index += 1) {
    client.send(`POST /early${index}- HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf`);
    await client.receives(`/early${index}-`);
    client.send(`restGET /next${index}- HTTP/1.1\r\nHost: a\r\n\r\n`);
    await client.receives(`/next${index}-`);
    client.clear();
  }
  client.close();
}

interface Found {
  /** Of Node, as the worker tells it. */
  readonly node: string;
  readonly requests: number;
  readonly leakedIn: number;
  readonly lost: number;
}

async function load(port: number, requests: number): Promise<number> {
  const agent = keepAliveAgent(connections);
  let next = 0;
  let wrong = 0;
  const one = async (): Promise<void> => {
    while (next < requests) {
      next += 1;
      const path = `/${next}`;
      const body = next % 3 === 0 ? { method: 'POST', body: 'x'.repeat(next % 5_000) } : {};
      if ((await call(port, path, { agent, ...body })).text !== path) wrong += 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
  agent.destroy();
  await answeredEarly(port, Math.min(earlyMax, requests));
  return wrong;
}

async function onNode(nodePath: string, requests: number): Promise<Outcome> {
  let outcome: Outcome | null = null;
  await withSluice(
    {
      applicationPools: [{ name: 'a', nodePath }],
      applications: [{ path: '/', applicationPool: 'a', physicalPath: app('async-context') }],
    },
    async (sluice) => {
      await sluice.call('/');
      const wrong = await load(sluice.port, requests);
      const found = JSON.parse((await sluice.call('/found')).text) as Found;
      const on = `Node ${found.node}`;
      outcome = {
        measured: `${on}: ${found.requests} requests on ${connections} connections, ${found.leakedIn} contexts leaked, ${found.lost} lost, ${wrong} wrong answers`,
        broken: violations({
          [`${on}: every request is counted: ${found.requests}`]: found.requests >= requests,
          [`${on}: no context leaks into another request`]: found.leakedIn === 0,
          [`${on}: no request loses its own context`]: found.lost === 0,
          [`${on}: no answer goes to another request`]: wrong === 0,
        }),
        missed: [],
      };
    },
  );
  return outcome ?? { measured: 'nothing', broken: ['did not run'], missed: [] };
}

/** The short form in jest runs on the Node of the test; each Node has a run of its own there. */
async function run(requests: number, on: readonly string[]): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  for (const nodePath of on) outcomes.push(await onNode(nodePath, requests));
  return {
    measured: outcomes.map((one) => one.measured).join('; '),
    broken: outcomes.flatMap((one) => one.broken),
    missed: [],
  };
}

export const asyncContexts: Experiment = {
  name: 'async-contexts',
  promise: 'async contexts leaked between 100,000 interleaved requests: 0, on every Node that was fetched',
  run: (scale) => run(scaled(100_000, scale, 3_000), scale < 0.1 ? [process.execPath] : nodes()),
};
