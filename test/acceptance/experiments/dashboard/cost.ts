/** What an open dashboard and a scraper cost: CPU and loop delay of the primary, and the data path beside it. */
import { measure } from '../../../bench/measure.js';
import { startBrowser, watchedPage } from '../../../support/browser.js';
import { signIn } from '../../../support/dashboard.js';
import { startLoad } from '../../../support/load.js';
import { app } from '../../../support/paths.js';
import { cpuSeconds } from '../../../support/processes.js';
import { type Sluice, withSluice } from '../../../support/sluice.js';
import { every, monotonicMs, pause, until } from '../../../support/time.js';
import { type Experiment, type Outcome, scaled, violations } from '../../experiment.js';

const cpuGoalPercent = 2;
const delayGoalMs = 20;
const scrapeEveryMs = 5_000;
const requestsPerSecond = 100;

interface Window {
  readonly cpuPercent: number;
  /** The worst of the scrapes in the window, each over the time since the one before. */
  readonly delayMs: number;
}

/** The primary alone: the browser and the listeners are processes of their own. */
async function watch(sluice: Sluice, seconds: number): Promise<Window> {
  let delayMs = 0;
  await sluice.metrics();
  const stop = every(scrapeEveryMs, () => {
    void sluice.metrics().then((text) => {
      delayMs = Math.max(delayMs, delayIn(text));
    });
  });
  const [startedMs, startedCpu] = [monotonicMs(), cpuSeconds([sluice.pid])];
  await pause(seconds * 1_000);
  const cpuPercent = ((cpuSeconds([sluice.pid]) - startedCpu) / (monotonicMs() - startedMs)) * 100_000;
  stop();
  return { cpuPercent, delayMs };
}

/** Beyond the interval at which it is looked at. */
function delayIn(metrics: string): number {
  const read = (name: string): number =>
    Number(new RegExp(`^nodejs_eventloop_lag_${name}_seconds (\\S+)`, 'm').exec(metrics)?.[1] ?? Number.NaN);
  return Math.max(0, read('p99') - read('min')) * 1_000;
}

async function throughput(sluice: Sluice, seconds: number): Promise<number> {
  const path = { port: sluice.port, front: () => [], app: () => [], stop: async () => undefined };
  const sample = await measure(path, 32, seconds);
  return sample.requestsPerSecond;
}

async function run(pools: number, seconds: number): Promise<Outcome> {
  const names = Array.from({ length: pools }, (_, index) => `p${index}`);
  let outcome: Outcome = { measured: '', broken: ['it did not run'], missed: [] };
  await withSluice(
    {
      args: ['--isolation', 'process'],
      applicationPools: names.map((name) => ({ name })),
      applications: names.map((name, index) => ({
        path: index === 0 ? '/' : `/${name}`,
        applicationPool: name,
        physicalPath: app('plain'),
      })),
    },
    async (sluice) => {
      for (const name of names) await sluice.call(`/${name === 'p0' ? '' : name}/`);
      outcome = await measured(sluice, pools, seconds);
    },
  );
  return outcome;
}

async function measured(sluice: Sluice, pools: number, seconds: number): Promise<Outcome> {
  const path = (serial: number): string => (serial % pools === 0 ? '/' : `/p${serial % pools}/`);
  const load = startLoad({ target: sluice.port, ratePerSecond: requestsPerSecond, path });
  const alone = await watch(sluice, seconds);
  const browser = await startBrowser();
  try {
    const { page, complaints } = await watchedPage(browser);
    await signIn(page, sluice);
    await until('every pool has a tile', async () => (await page.locator('.tile').count()) === pools);
    const open = await watch(sluice, seconds);
    await load.stop();
    const withDashboard = await throughput(sluice, Math.max(2, Math.round(seconds / 6)));
    await browser.close();
    const without = await throughput(sluice, Math.max(2, Math.round(seconds / 6)));
    const figures = [
      `${pools} pools, ${requestsPerSecond} requests/s, a scrape every ${scrapeEveryMs / 1_000} s`,
      `primary ${open.cpuPercent.toFixed(1)} % of a core (${alone.cpuPercent.toFixed(1)} % without the dashboard)`,
      `loop delay p99 ${open.delayMs.toFixed(1)} ms`,
      `data path ${withDashboard.toFixed(0)} requests/s beside it, ${without.toFixed(0)} without`,
    ].join('; ');
    const isMet = open.cpuPercent <= cpuGoalPercent && open.delayMs < delayGoalMs;
    return { measured: figures, broken: complaints, missed: violations({ [figures]: isMet }) };
  } finally {
    await browser.close();
  }
}

export const dashboardCost: Experiment = {
  name: 'dashboard-cost',
  promise:
    'with one dashboard open, a scrape every 5 s and 100 pools the primary uses at most 2 % of a core and its loop delay p99 stays under 20 ms',
  run: (scale) => run(100, scaled(60, scale, 10)),
};
