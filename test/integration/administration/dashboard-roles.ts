/** The dashboard as those see it who may not do everything. */
import { expect, type test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { hashOf } from '../../../server/admin/frame/secrets.js';
import { type WatchedPage, watchedPage } from '../../support/browser.js';
import { confirmed, notice, openPage, poolHash, signInWith, tile } from '../../support/dashboard.js';
import type { Settings, Sluice } from '../../support/sluice.js';

interface World {
  readonly sluice: Sluice;
  readonly browser: Browser;
}

const tokens = { viewer: 'v'.repeat(43), limited: 'l'.repeat(43) };

export const callers: readonly Settings[] = [
  { name: 'looks', hash: hashOf(tokens.viewer), role: 'viewer' },
  { name: 'shopkeeper', hash: hashOf(tokens.limited), role: 'operator', pools: ['shop'] },
];

async function as(
  { sluice, browser }: World,
  token: string,
  body: (page: Page, sluice: Sluice) => Promise<void>,
): Promise<void> {
  const { page, complaints }: WatchedPage = await watchedPage(browser);
  page.setDefaultTimeout(20_000);
  try {
    await signInWith(page, sluice, token);
    await body(page, sluice);
    expect(complaints).toEqual([]);
  } finally {
    await page.context().close();
  }
}

/** Of the buttons in a part of the page: name -> can be pressed. */
async function buttons(page: Page, within: string): Promise<Readonly<Record<string, boolean>>> {
  const script = `Object.fromEntries([...document.querySelectorAll(${JSON.stringify(within)} + ' button')]
    .map((one) => [one.getAttribute('aria-label') ?? one.textContent, !one.disabled]))`;
  return page.evaluate<Record<string, boolean>>(script);
}

export function roleTests(one: typeof test, of: () => World): void {
  one('a viewer sees everything and can press nothing that acts', async () => {
    await as(of(), tokens.viewer, async (page, sluice) => {
      await tile(page, 'crashing').waitFor();
      await page.getByRole('button', { name: 'Drain' }).waitFor();
      expect(await buttons(page, '.node')).toEqual({ Drain: false });
      await openPage(page, sluice, poolHash('shop'));
      await page.getByRole('table', { name: 'Workers' }).locator('tbody button').first().waitFor();
      const onPool = await buttons(page, '.buttons');
      expect(Object.keys(onPool).length).toBeGreaterThan(8);
      expect(Object.values(onPool)).not.toContain(true);
      await openPage(page, sluice, '#/sites');
      await page.getByRole('button', { name: 'Take offline main/asleep' }).waitFor();
      expect(Object.values(await buttons(page, '.buttons'))).not.toContain(true);
      await openPage(page, sluice, '#/config');
      await page
        .getByRole('cell', { name: `${sluice.file}:` })
        .first()
        .waitFor();
      await page.getByRole('tab', { name: 'Edit' }).click();
      await page.getByText('cannot be shown').waitFor();
      await page.getByRole('tab', { name: 'History' }).click();
      await page
        .getByRole('button', { name: /^Roll back/ })
        .first()
        .waitFor();
      const rollbacks = Object.entries(await buttons(page, '.buttons')).filter(([name]) =>
        name.startsWith('Roll back'),
      );
      expect(rollbacks.map(([, can]) => can)).not.toContain(true);
    });
  });

  one('an operator of one pool sees that pool alone, and acts on it', async () => {
    await as(of(), tokens.limited, async (page, sluice) => {
      await tile(page, 'shop').waitFor();
      expect(await page.locator('.tile').count()).toBe(1);
      await page.getByText('Live', { exact: true }).waitFor();
      expect(await page.locator('.node').count()).toBe(0);
      const pages = await page.getByRole('navigation', { name: 'Pages' }).getByRole('link').allTextContents();
      expect(pages).toEqual(['Pools', 'Sites', 'Events']);
      await openPage(page, sluice, '#/sites');
      await page.getByRole('button', { name: /^Take offline/ }).waitFor();
      expect(await buttons(page, '.buttons')).toEqual({ 'Take offline main/': true });
      await openPage(page, sluice, poolHash('crashing'));
      await page.getByRole('status').filter({ hasText: 'pool' }).waitFor();
      expect(await page.getByRole('table').count()).toBe(0);
      await openPage(page, sluice, '#/config');
      await page.getByText('cannot be shown').waitFor();
      await openPage(page, sluice, poolHash('shop'));
      await confirmed(page, 'Recycle', 'Recycle');
      await notice(page, /Recycle shop: done/);
      await openPage(page, sluice, '#/events');
      await page
        .getByText(/pool recycle shop: done/)
        .first()
        .waitFor();
      expect(await page.locator('.events').textContent()).not.toMatch(/crashing|odd|admin-/);
    });
  });
}
