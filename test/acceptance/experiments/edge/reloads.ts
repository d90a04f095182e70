/** The configuration changes again and again under load; every change has to be in effect, none may cost a request. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { describeLoad, failed, percentile, startLoad } from '../../../support/load.js';
import { residentBytes } from '../../../support/processes.js';
import { type Sluice, withSluice } from '../../../support/sluice.js';
import { pause, until } from '../../../support/time.js';
import { type Experiment, type Outcome, scaled, violations } from '../../experiment.js';
import { listenerPids } from '../kill-listeners.js';
import { quietHost, twoTenants } from './two-tenants.js';

interface Document {
  readonly sites: { name: string; bindings: { bindingInformation: string }[] }[];
}

/** Names the first site anew, as an editor saves: a new file renamed into place. */
function change(sluice: Sluice, number: number): void {
  const document = JSON.parse(readFileSync(sluice.file, 'utf8')) as Document;
  const [site] = document.sites;
  const [binding] = site?.bindings ?? [];
  if (site === undefined || binding === undefined) throw new Error('the configuration has no site');
  site.name = `v${number}`;
  binding.bindingInformation = `*:${sluice.port}:v${number}.test`;
  const next = `${sluice.file}.next`;
  writeFileSync(next, JSON.stringify(document));
  renameSync(next, sluice.file);
}

async function run(changes: number): Promise<Outcome> {
  let outcome: Outcome | null = null;
  await withSluice(twoTenants(), async (sluice) => {
    for (const host of ['attacked.test', quietHost]) await sluice.call('/', { host });
    const rss = (): number => listenerPids(sluice).reduce((sum, pid) => sum + residentBytes(pid), 0);
    const before = rss();
    const processes = sluice.tree().length;
    const path = (serial: number): string => `/n/${serial}`;
    const load = startLoad({ target: sluice.port, host: quietHost, ratePerSecond: 150, path, keepAliveConnections: 8 });
    const fresh = startLoad({ target: sluice.port, host: quietHost, ratePerSecond: 50, path });
    for (let number = 1; number <= changes; number++) {
      change(sluice, number);
      // Every tenth has to be in effect before the next; the others come as fast as they like.
      if (number % 10 !== 0) await pause(20);
      else {
        await until(`change ${number} acts`, async () => {
          const answer = await sluice.call('/', { host: `v${number}.test` });
          return answer.status === 200;
        });
      }
    }
    const reports = [await load.stop(), await fresh.stop()];
    const lost = reports.reduce((sum, report) => sum + failed(report), 0);
    const p99 = Math.round(
      percentile(
        reports.flatMap(({ latenciesMs }) => latenciesMs),
        0.99,
      ),
    );
    const grown = Math.round((rss() - before) / 2 ** 20);
    outcome = {
      measured: `${changes} changes, ${reports.reduce((sum, { sent }) => sum + sent, 0)} requests, ${lost} lost, p99 ${p99} ms, listeners ${grown} MB larger, ${sluice.tree().length - processes} processes more`,
      broken: violations({
        [`lost: ${reports.map(describeLoad).join('; ')}`]: lost === 0,
        'processes are left': sluice.tree().length <= processes,
      }),
      missed: violations({ [`listeners grew by ${grown} MB`]: grown < 30 }),
    };
  });
  return outcome ?? { measured: 'nothing', broken: ['did not run'], missed: [] };
}

export const reloads: Experiment = {
  name: 'reloads',
  promise: '1,000 changes of the configuration under load: 0 requests lost, no growth',
  run: (scale) => run(scaled(1_000, scale, 30)),
};
