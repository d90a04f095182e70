/** What the dashboard makes of processes, and hands out. */
import { expect, type test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { confirmed, downloaded, notice, openPage, poolHash } from '../../support/dashboard.js';
import { call } from '../../support/http-client.js';
import type { Sluice } from '../../support/sluice.js';
import { until } from '../../support/time.js';

interface World {
  readonly sluice: Sluice;
  readonly page: Page;
  /** One with an in-process application, and its path. */
  readonly pool: string;
  readonly path: string;
}

/** A bar that tells how far it is stands there for a second only: the page itself looks for it. */
const noteProgress = `new MutationObserver(() => {
  if (document.querySelector('.notices progress')?.position >= 0) window.progressed = true;
}).observe(document.body, { attributes: true, childList: true, subtree: true })`;

export function filesTests(one: typeof test, of: () => World): void {
  one('a dump, a CPU profile and a heap snapshot are made, followed and downloaded', async () => {
    const { sluice, page, pool, path } = of();
    await sluice.call(path);
    const { workerId, pid } = await until('a worker runs', async () => {
      return (await sluice.pool(pool)).workers.find(({ state }) => state === 'running');
    });
    await openPage(page, sluice, poolHash(pool));
    const target = `worker ${workerId}`;

    await confirmed(page, `Dump ${target}`, 'Write the report');
    const report = await downloaded(page, new RegExp(`Dump ${target}: done`));
    expect(JSON.parse(report)).toMatchObject({ header: { processId: pid } });
    await notice(page, `Dump ${target}: done`);

    await page.evaluate(noteProgress);
    await page.getByRole('button', { name: `CPU profile ${target}` }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Seconds').fill('999');
    await dialog.getByRole('button', { name: 'Begin the profile' }).click();
    expect(await dialog.locator('input:invalid').count()).toBe(1);
    await dialog.getByLabel('Seconds').fill('1');
    await dialog.getByRole('button', { name: 'Begin the profile' }).click();
    const profile = await downloaded(page, new RegExp(`CPU profile of ${target}: done`));
    expect(await page.evaluate('window.progressed')).toBe(true);
    expect(JSON.parse(profile)).toMatchObject({ nodes: expect.anything(), samples: expect.anything() });
    await notice(page, `CPU profile of ${target}: done`);

    await confirmed(page, `Heap snapshot ${target}`, 'Take the heap');
    const heap = await downloaded(page, new RegExp(`Heap snapshot of ${target}: done`));
    expect(JSON.parse(heap)).toMatchObject({ snapshot: { meta: expect.anything() } });
    await notice(page, `Heap snapshot of ${target}: done`);
  });

  one('the node is drained and put back', async () => {
    const { sluice, page, pool, path } = of();
    const held = sluice.call(`${path}wait`);
    await until('a request is under way', async () =>
      (await sluice.pool(pool)).workers.some(({ inFlight }) => inFlight > 0),
    );
    const readiness = async (): Promise<number> => (await call(sluice.adminSocket, '/readyz')).status;
    await openPage(page, sluice, '#/');
    await confirmed(page, 'Drain', 'Drain the node');
    await page.getByRole('region', { name: 'This node' }).getByText('drained', { exact: true }).waitFor();
    expect(await readiness()).toBe(503);
    await page.getByRole('button', { name: 'Put back into the balance' }).click();
    await notice(page, /Drain this node: node drain .* was taken back before it was done/);
    await notice(page, /Put back into the balance this node: done/);
    await page.getByRole('region', { name: 'This node' }).getByText('ready', { exact: true }).waitFor();
    expect(await readiness()).toBe(200);
    await sluice.call(`${path}go`);
    expect((await held).status).toBe(200);
  });
}
