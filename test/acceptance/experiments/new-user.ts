/**
 * What a new user does first, with a watch: installs the package in an empty folder, writes the three applications of the
 * tutorial, serves them, lets a Prometheus scrape, and recycles a pool in the dashboard.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startBrowser, watchedPage } from '../../support/browser.js';
import { freePort } from '../../support/free-port.js';
import { call } from '../../support/http-client.js';
import { reasonToSkip } from '../../support/missing.js';
import { repository } from '../../support/paths.js';
import { type Program, run, startProgram } from '../../support/program.js';
import { Prometheus } from '../../support/prometheus.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { monotonicMs, until } from '../../support/time.js';
import { type Experiment, type Outcome, violations } from '../experiment.js';

const goalMs = 300_000;

/** The commands of the tutorial that write files, and the names of what they serve. */
function filesOfTheTutorial(): string {
  const page = readFileSync(join(repository, 'docs', 'tutorial', 'three-applications.md'), 'utf8');
  const blocks = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code);
  return blocks
    .filter((code) => code.includes("<<'END'"))
    .join('\n')
    .replace(/^npx .*$/gm, '');
}

async function bash(script: string, folder: string): Promise<string> {
  const { code, output } = await run('/bin/bash', ['-c', `set -e\n${script}`], { cwd: folder, limitMs: 240_000 });
  if (code !== 0) throw new Error(output);
  return output;
}

class Tour {
  readonly folder = tempFolder('new');
  readonly laps: string[] = [];
  #startedMs = 0;
  #lapMs = 0;

  start(): void {
    this.#startedMs = monotonicMs();
    this.#lapMs = this.#startedMs;
  }

  get tookMs(): number {
    return monotonicMs() - this.#startedMs;
  }

  lap(what: string): void {
    const now = monotonicMs();
    this.laps.push(`${what} ${((now - this.#lapMs) / 1_000).toFixed(1)} s`);
    this.#lapMs = now;
  }
}

async function recycleInDashboard(folder: string, admin: number): Promise<string> {
  const browser = await startBrowser();
  try {
    const { page, complaints } = await watchedPage(browser);
    const link = await bash('npx sluice admin link', folder);
    await page.goto(/http:\S+/.exec(link)?.[0] ?? '');
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
    await page.goto(`http://127.0.0.1:${admin}/ui/#/pools/shop`);
    await page.getByRole('button', { name: 'Recycle', exact: true }).first().click();
    await page.getByRole('dialog').getByRole('button', { name: 'Recycle' }).click();
    await page
      .getByText(/Recycle shop: done/)
      .first()
      .waitFor({ timeout: 60_000 });
    return complaints.join('; ');
  } finally {
    await browser.close();
  }
}

async function serveAndAct(tour: Tour, folder: string): Promise<string[]> {
  const [port, admin] = [await freePort(), await freePort()];
  await bash(filesOfTheTutorial(), folder);
  // Only the ports differ from the page: they may be taken on this machine.
  const file = join(folder, 'sluice.yaml');
  writeFileSync(
    file,
    `admin: { listen: "127.0.0.1:${admin}" }\n${readFileSync(file, 'utf8').replace('8080', String(port))}`,
  );
  const server: Program = startProgram('npx', ['sluice', 'start'], { cwd: folder, detached: true });
  let prometheus: Prometheus | null = null;
  try {
    const answer = async (path: string): Promise<string> =>
      call(port, path, { limitMs: 5_000 }).then(
        ({ status, text }) => (status === 200 ? text : ''),
        () => '',
      );
    for (const [path, word] of [
      ['/', 'shop, '],
      ['/prices/', 'prices, '],
      ['/legacy/', 'legacy, as it left IIS'],
    ] as const) {
      await until(`${path} answers`, async () => (await answer(path)).startsWith(word), {
        withinMs: 60_000,
        state: () => server.output(),
      });
    }
    tour.lap('three applications served after');
    const scraping = await Prometheus.start(admin);
    prometheus = scraping;
    await until(
      'Prometheus has their requests',
      async () => (await scraping.value('sum(sluice_http_requests_total)')) >= 3,
      { withinMs: 60_000 },
    );
    tour.lap('scraped after');
    const before = await answer('/');
    const complaints = await recycleInDashboard(folder, admin);
    tour.lap('recycled in the dashboard after');
    const after = await answer('/');
    return violations({
      [`the dashboard complained: ${complaints}`]: complaints === '',
      [`the process is the same: ${before} ${after}`]: before.split(',')[1] !== after.split(',')[1],
    });
  } finally {
    await prometheus?.stop();
    if (server.child.exitCode === null) process.kill(-server.pid, 'SIGINT');
    await server.exited;
  }
}

async function tourOf(): Promise<Outcome> {
  const missing = reasonToSkip(['python3', 'promtool', 'chromium']);
  if (missing !== null) return { measured: missing, broken: [missing], missed: [] };
  const tour = new Tour();
  try {
    const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', tour.folder];
    await run('npm', pack, { cwd: repository, limitMs: 120_000 });
    const [tarball = ''] = readdirSync(tour.folder);
    const folder = join(tour.folder, 'sluice-tour');
    mkdirSync(folder);
    tour.start();
    await bash(`npm init --yes > npm-init.log\nnpm install ${join(tour.folder, tarball)}`, folder);
    tour.lap('installed after');
    const broken = await serveAndAct(tour, folder);
    const { tookMs } = tour;
    return {
      measured: `${(tookMs / 1_000).toFixed(1)} s in all: ${tour.laps.join(', ')}`,
      broken,
      missed: violations({ [`${Math.round(tookMs / 1_000)} s`]: tookMs < goalMs }),
    };
  } finally {
    removeFolder(tour.folder);
  }
}

export const newUser: Experiment = {
  name: 'new-user',
  promise:
    'a new user: install from the tarball, three applications of three kinds served, scraped by a real Prometheus, one pool recycled in the dashboard, in under 5 minutes',
  run: tourOf,
};
