/** Ten sites and ten thousand, one file and one folder each: what the many cost a request, a change and a listener. */
import { join } from 'node:path';
import { call, keepAliveAgent } from '../../../support/http-client.js';
import { percentile } from '../../../support/load.js';
import { ManySites } from '../../../support/many-sites.js';
import { cpuSeconds, residentBytes } from '../../../support/processes.js';
import { type Sluice, startSluice } from '../../../support/sluice.js';
import { removeFolder, tempFolder } from '../../../support/temp-folder.js';
import { monotonicMs, pause, until } from '../../../support/time.js';
import { type Experiment, type Outcome, scaled, violations } from '../../experiment.js';
import { listenerPids } from '../kill-listeners.js';

/** Sites that are asked for anything, in the small and in the large configuration. */
const active = 10;
const connections = 16;

class Server {
  readonly sites: ManySites;
  readonly sluice: Sluice;
  readonly loadMs: number;

  private constructor(sites: ManySites, sluice: Sluice, loadMs: number) {
    this.sites = sites;
    this.sluice = sluice;
    this.loadMs = loadMs;
  }

  static async start(count: number): Promise<Server> {
    const folder = tempFolder('many');
    let sites: ManySites | null = null;
    let startedMs = 0;
    const sluice = await startSluice({
      listeners: 2,
      sites: (port) => {
        sites = new ManySites(join(folder, String(port)), port);
        sites.add(0, count);
        startedMs = monotonicMs();
        return [];
      },
      // Asked after `sites`: the pattern names their folder.
      server: {
        get include() {
          return sites === null ? [] : [sites.pattern];
        },
      },
    });
    const loadMs = monotonicMs() - startedMs;
    if (sites === null) throw new Error('no sites were made');
    return new Server(sites, sluice, loadMs);
  }

  async stop(): Promise<void> {
    await this.sluice.stop();
    removeFolder(join(this.sites.folder, '..'));
  }

  async ask(site: number): Promise<number> {
    return (await this.sluice.call('/n/x', { host: this.sites.host(site) })).status;
  }

  /** CPU microseconds of all processes for one request, over `seconds` of a closed loop. */
  async cpuPerRequest(seconds: number): Promise<number> {
    const pids = this.sluice.tree().map(({ pid }) => pid);
    const before = cpuSeconds(pids);
    const endMs = monotonicMs() + seconds * 1_000;
    let requests = 0;
    const client = async (index: number): Promise<void> => {
      const agent = keepAliveAgent(1);
      while (monotonicMs() < endMs) {
        await call(this.sluice.port, '/n/x', { agent, host: this.sites.host(index % active) });
        requests += 1;
      }
      agent.destroy();
    };
    await Promise.all(Array.from({ length: connections }, (_, index) => client(index)));
    return ((cpuSeconds(pids) - before) * 1e6) / requests;
  }

  /** Until the change of one file acts on every one of the connections, which both listeners have. */
  async changeMs(site: number, requestBurst: number): Promise<number> {
    const agents = Array.from({ length: connections }, () => keepAliveAgent(1));
    const acts = async (agent: (typeof agents)[number]): Promise<boolean> => {
      const { headers } = await call(this.sluice.port, '/n/x', { agent, host: this.sites.host(site) });
      return String(headers['ratelimit-policy']).includes(`q=${requestBurst};`);
    };
    await Promise.all(agents.map(acts));
    const startedMs = monotonicMs();
    this.sites.change(site, requestBurst);
    await Promise.all(agents.map((agent) => until('the change acts', () => acts(agent), { everyMs: 10 })));
    const took = monotonicMs() - startedMs;
    for (const agent of agents) agent.destroy();
    return took;
  }

  listenerMiB(): number {
    const pids = listenerPids(this.sluice);
    return pids.reduce((sum, pid) => sum + residentBytes(pid), 0) / pids.length / 2 ** 20;
  }

  workers(): number[] {
    const listeners = new Set(listenerPids(this.sluice));
    return this.sluice.tree().flatMap(({ pid }) => (listeners.has(pid) ? [] : [pid]));
  }
}

interface Scale {
  readonly sites: number;
  readonly changes: number;
  readonly rounds: number;
  readonly seconds: number;
}

async function compare(small: Server, large: Server, { sites, changes, rounds, seconds }: Scale): Promise<Outcome> {
  for (const server of [small, large]) {
    for (let site = 0; site < active; site++) await server.ask(site);
    await server.cpuPerRequest(Math.min(2, seconds));
  }
  const costs = { small: [] as number[], large: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    costs.small.push(await small.cpuPerRequest(seconds));
    costs.large.push(await large.cpuPerRequest(seconds));
  }
  const [smallMiB, largeMiB] = [small.listenerMiB(), large.listenerMiB()];
  const processes = large.workers();
  const times: number[] = [];
  for (let change = 1; change <= changes; change++) {
    times.push(await large.changeMs(change % active, 2_000_000 + change));
    await pause(100);
  }
  // A site that comes: nobody asked for it before.
  large.sites.add(sites, sites + 1);
  await until('the new site answers', async () => (await large.ask(sites)) === 200);
  const ratio = percentile(costs.large, 0.5) / percentile(costs.small, 0.5);
  const median = Math.round(percentile(times, 0.5));
  const grown = largeMiB - smallMiB;
  const stayed = processes.filter((pid) => large.workers().includes(pid)).length;
  return {
    measured:
      `${active} -> ${sites} sites: CPU per request x ${ratio.toFixed(2)} (${percentile(costs.small, 0.5).toFixed(0)} -> ${percentile(costs.large, 0.5).toFixed(0)} us), ` +
      `one changed file acts on ${connections} connections of 2 listeners in ${median} ms (worst of ${changes}: ${Math.round(Math.max(...times))} ms), ` +
      `a listener has ${grown.toFixed(1)} MB more, ready after ${(large.loadMs / 1_000).toFixed(1)} s (${active} sites: ${(small.loadMs / 1_000).toFixed(1)} s)`,
    broken: violations({ [`${processes.length - stayed} processes were replaced`]: stayed === processes.length }),
    missed: violations({
      [`CPU per request x ${ratio.toFixed(2)}, over 1.1`]: ratio <= 1.1,
      [`in effect after ${median} ms, not under 150 ms`]: median < 150,
      [`a listener has ${grown.toFixed(1)} MB more, over 40`]: grown <= 40,
    }),
  };
}

async function run(scale: Scale): Promise<Outcome> {
  const small = await Server.start(active);
  try {
    const large = await Server.start(scale.sites);
    try {
      return await compare(small, large, scale);
    } finally {
      await large.stop();
    }
  } finally {
    await small.stop();
  }
}

export const scaleOfConfiguration: Experiment = {
  name: 'scale-of-configuration',
  promise:
    '10 -> 10,000 sites, one file each: CPU per request at most x 1.1, one renamed file in effect in under 150 ms, a listener at most 40 MB larger',
  run: (scale) =>
    run({
      sites: scaled(10_000, scale, 500),
      changes: scaled(30, scale, 3),
      rounds: scaled(5, scale, 1),
      seconds: scaled(8, scale, 1),
    }),
};
