import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { screenshot, startBrowser, watchedPage, type WatchedPage } from '../../support/browser.js';
import { confirmed, injected, notice, openPage, overflow, poolHash, signIn, tile } from '../../support/dashboard.js';
import { testNeeding } from '../../support/needs.js';
import { app } from '../../support/paths.js';
import { adminToken, type Sluice, startSluice } from '../../support/sluice.js';
import { EventClient } from '../../support/event-stream.js';
import { until } from '../../support/time.js';
import { reasonToSkip } from '../../support/missing.js';
import { type Attacker, attackTests, plantAttacks } from './dashboard-attacks.js';
import { filesTests } from './dashboard-files.js';
import { callers, roleTests } from './dashboard-roles.js';

const test = testNeeding('chromium');
/** As evil as a name may be: IIS allows these characters. */
const oddName = "o'brien's {{7-7}} #1 100% (x)";

/** Lets a test end the connection of the log in the middle, as a network does. */
const cuttableLog = `(() => {
  const ask = window.fetch;
  window.fetch = async (path, options) => {
    const answer = await ask(path, options);
    if (!path.includes('/api/v1/logs')) return answer;
    const cut = new AbortController();
    window.cutLog = () => cut.abort();
    return new Response(answer.body.pipeThrough(new TransformStream(), { signal: cut.signal }), answer);
  };
})()`;

let sluice: Sluice;
let browser: Browser;
let watched: WatchedPage;
let page: Page;
let attacker: Attacker;

beforeAll(async () => {
  if (reasonToSkip(['chromium']) !== null) return;
  const pools = ['shop', 'crashing', oddName, 'asleep'];
  attacker = plantAttacks();
  const mine = pools.map((name, index) => ({
    path: ['/', '/crashing', '/odd', '/asleep'][index],
    applicationPool: name,
    physicalPath: app('dashboard'),
  }));
  sluice = await startSluice({
    tokens: callers,
    applicationPools: [...pools, ...attacker.pools].map((name) => ({
      name,
      ...(name === 'shop' ? { startMode: 'AlwaysRunning', processModel: { maxProcesses: 2 } } : {}),
    })),
    sites: async (port) => [
      { name: 'main', bindings: [{ protocol: 'http', bindingInformation: `*:${port}:` }], applications: mine },
      await attacker.site(),
    ],
  });
  browser = await startBrowser();
  watched = await watchedPage(browser);
  page = watched.page;
  page.setDefaultTimeout(20_000);
}, 120_000);

afterAll(async () => {
  if (reasonToSkip(['chromium']) !== null) return;
  await browser?.close();
  await sluice?.stop();
  attacker?.close();
}, 90_000);

describe('the dashboard', () => {
  test('nobody comes in without a token; with one a cookie is all the browser keeps beside the page secret', async () => {
    await openPage(page, sluice, '');
    await page.getByLabel('Token').fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').filter({ hasText: 'not valid' }).waitFor();
    await page.getByLabel('Token').fill(adminToken);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await tile(page, 'shop').waitFor();
    expect(await page.evaluate('JSON.stringify({ ...localStorage })')).not.toContain(adminToken);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Token').waitFor();
    await signIn(page, sluice);
    expect(page.url()).not.toContain('code');
  });

  test('the overview has a tile for every pool, and filters', async () => {
    await tile(page, 'shop').getByText('Running').waitFor();
    await tile(page, oddName).getByText('Idle').waitFor();
    expect(await page.locator('.tile').count()).toBe(4 + attacker.pools.length);
    await page.getByLabel('Filter pools by name').fill("BRIEN'S");
    await until('one tile is left', async () => (await page.locator('.tile').count()) === 1);
    await page.getByLabel('Filter pools by name').fill('');
    await page.getByRole('button', { name: /^Idle/ }).click();
    await tile(page, 'shop').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: /^All/ }).click();
    await tile(page, 'shop').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
  });

  test('a pool that crashes turns red, and back when it serves again', async () => {
    await sluice.call('/crashing/');
    await tile(page, 'crashing').getByText('Running').waitFor();
    await sluice.call('/crashing/crash');
    await tile(page, 'crashing').getByText('Failing').waitFor();
    await screenshot(page, 'overview-failing');
    await sluice.call('/crashing/');
    await tile(page, 'crashing').getByText('Running').waitFor();
  });

  test('a pool takes every order, each after a question that can be answered no', async () => {
    await openPage(page, sluice, poolHash('shop'));
    await page.getByRole('heading', { name: 'shop' }).waitFor();
    const workers = page.getByRole('table', { name: 'Workers' }).locator('tbody tr');
    await until('both workers are listed', async () => (await workers.count()) === 2);
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    expect((await sluice.pool('shop')).state).toBe('Started');
    await confirmed(page, 'Recycle', 'Recycle');
    await notice(page, /Recycle shop: done/);
    await page.getByRole('cell', { name: 'on-demand', exact: false }).first().waitFor();
    await confirmed(page, 'Stop', 'Stop the pool');
    await notice(page, /Stop shop: done/);
    await until('the pool is stopped', async () => (await sluice.pool('shop')).state === 'Stopped');
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await notice(page, /Start shop: done/);
    await until('both workers are back', async () => (await sluice.workerPids('shop')).length === 2);
  });

  test('a worker takes every order', async () => {
    const orders: readonly (readonly [string, string])[] = [
      ['Recycle', 'Recycle'],
      ['Suspend', 'Suspend'],
      ['Stop', 'Stop the worker'],
    ];
    await openPage(page, sluice, poolHash(oddName));
    for (const [order, verb] of orders) {
      await sluice.call('/odd/');
      const { workerId } = await until('a worker runs', async () => {
        return (await sluice.pool(oddName)).workers.find(({ state }) => state === 'running');
      });
      await confirmed(page, `${order} worker ${workerId}`, verb);
      await notice(page, new RegExp(`${order} worker ${workerId}: done`));
      if (order !== 'Suspend') continue;
      await page.getByRole('button', { name: `Resume worker ${workerId}` }).click();
      await notice(page, new RegExp(`Resume worker ${workerId}: done`));
    }
    await page.getByRole('heading', { name: oddName }).waitFor();
  });

  filesTests(test, () => ({ sluice, page, pool: oddName, path: '/odd/' }));
  attackTests(test, () => ({ sluice, page, attacker }));
  roleTests(test, () => ({ sluice, browser }));

  test('the log of a pool is followed', async () => {
    await sluice.call('/odd/');
    await openPage(page, sluice, '');
    await page.evaluate(cuttableLog);
    await openPage(page, sluice, poolHash(oddName));
    const log = page.getByRole('log', { name: 'Output of the applications' });
    await log.waitFor();
    await sluice.call('/odd/print');
    const line = log.getByText("<script>window.attacked='line'</script>");
    await line.first().waitFor();
    expect(await injected(page)).toBe('');
    const shown = await line.count();
    const isPrinted = (one: unknown): boolean => JSON.stringify(one).includes("attacked='line'");
    await page.getByRole('button', { name: 'Pause' }).click();
    await sluice.call('/odd/print');
    // The same stream as the page's, asked for later, so the page has it too.
    const path = `/api/v1/logs?source=output&pool=${encodeURIComponent(oddName)}&lines=100&follow=1`;
    const same = await EventClient.open(sluice.adminSocket, path);
    await until('it was printed', () => same.of('line').filter(isPrinted).length > shown);
    same.close();
    expect(await line.count()).toBe(shown);
    await page.getByRole('button', { name: 'Go on' }).click();
    await line.nth(shown).waitFor();
    // Behind a connection that broke come only new lines.
    await page.evaluate('cutLog()');
    await sluice.call('/odd/print');
    await line.nth(shown + 1).waitFor();
    expect(await line.count()).toBe(shown + 2);
  });

  test('sites have their bindings, and an application goes offline and back', async () => {
    await openPage(page, sluice, '#/sites');
    await page.getByRole('cell', { name: String(sluice.port) }).waitFor();
    await confirmed(page, 'Take offline main/asleep', 'Take offline');
    await notice(page, /Take offline main\/asleep: done/);
    await until('it is offline', async () => (await sluice.call('/asleep/')).status === 503);
    await page.getByRole('button', { name: 'Put online main/asleep' }).click();
    await notice(page, /Put online main\/asleep: done/);
    await until('it is back', async () => (await sluice.call('/asleep/')).status === 200);
  });

  test('the configuration is seen with its sources, tried, applied and taken back', async () => {
    await openPage(page, sluice, '#/config');
    await page.getByLabel('Filter settings').fill('maxProcesses');
    await page
      .getByRole('cell', { name: `${sluice.file}:` })
      .first()
      .waitFor();
    await page.getByRole('tab', { name: 'Edit' }).click();
    const text = page.getByLabel('Text of the file');
    const before = await text.inputValue();
    await text.fill(before.replace('"maxProcesses": 2', '"maxProcesses": -2'));
    await page.getByRole('button', { name: 'Validate' }).click();
    await page.getByText('Not valid').waitFor();
    await text.fill(before.replace('"maxProcesses": 2', '"maxProcesses": 1'));
    await page.getByRole('button', { name: 'Show changes' }).click();
    await page.getByRole('cell', { name: 'applicationPools.shop.processModel.maxProcesses' }).waitFor();
    await page.getByLabel('Note for the history').fill('<b>fewer</b>');
    await confirmed(page, 'Apply', 'Apply');
    await notice(page, 'The configuration is applied');
    await until('one worker is left', async () => (await sluice.workerPids('shop')).length === 1);
    await page.getByRole('tab', { name: 'History' }).click();
    await page.getByRole('cell', { name: '<b>fewer</b>' }).first().waitFor();
    await screenshot(page, 'config-history');
    await page
      .getByRole('button', { name: /^Compare/ })
      .last()
      .click();
    await page.getByText('Going back to').waitFor();
    await page
      .getByRole('button', { name: /^Roll back/ })
      .last()
      .click();
    await page.getByRole('dialog').getByRole('button', { name: 'Roll back' }).click();
    await notice(page, /Rolled back/);
    await until('both workers are back', async () => (await sluice.workerPids('shop')).length === 2);
  });

  test('every page fits a phone, in light and dark', async () => {
    for (const dark of [false, true]) {
      const phone = await watchedPage(browser, { width: 360, height: 740, dark });
      await signIn(phone.page, sluice);
      const hashes = ['#/', poolHash('crashing'), '#/sites', '#/certificates', '#/config', '#/events'];
      for (const [index, hash] of hashes.entries()) {
        await openPage(phone.page, sluice, hash);
        await phone.page.locator('main h1').waitFor({ state: 'attached' });
        await phone.page.getByText(/^Loading/).waitFor({ state: 'detached' });
        expect({ hash, beyond: await overflow(phone.page) }).toEqual({ hash, beyond: 0 });
        await screenshot(phone.page, `phone-${dark ? 'dark' : 'light'}-${index}`);
      }
      expect(phone.complaints).toEqual([]);
      await phone.page.context().close();
    }
  });

  test('without a mouse: skip to the content, open a pool, ask and take back', async () => {
    await openPage(page, sluice, '#/');
    await tile(page, 'shop').waitFor();
    await page.reload();
    await tile(page, 'shop').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    await tile(page, 'shop').getByRole('link').focus();
    await page.keyboard.press('Enter');
    const recycle = page.getByRole('button', { name: 'Recycle', exact: true });
    await recycle.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Recycle');
  });

  test('without the server what is shown is called stale, and it comes back by itself', async () => {
    await openPage(page, sluice, '#/');
    await page.getByText('Live', { exact: true }).waitFor();
    process.kill(sluice.pid, 'SIGSTOP');
    try {
      await page.locator('.live').filter({ hasText: /stale/i }).waitFor();
    } finally {
      process.kill(sluice.pid, 'SIGCONT');
    }
    await page.getByText('Live', { exact: true }).waitFor();
  });

  test('no script failed, and the content security policy had nothing to refuse', () => {
    expect(watched.complaints).toEqual([]);
  });
});
