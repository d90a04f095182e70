/** Signing a browser in to the dashboard of a server, and what every page of it has to hold. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { call } from './http-client.js';
import type { Sluice } from './sluice.js';

/** The address that `sluice admin link` prints, which signs in once. */
export async function dashboardLink(sluice: Sluice): Promise<string> {
  const answer = await call(sluice.adminSocket, '/api/v1/session/codes', { method: 'POST' });
  return (JSON.parse(answer.text) as { url: string }).url;
}

export async function signIn(page: Page, sluice: Sluice): Promise<void> {
  await page.goto(await dashboardLink(sluice));
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
}

/** As somebody with a token of their own. */
export async function signInWith(page: Page, sluice: Sluice, token: string): Promise<void> {
  await openPage(page, sluice, '');
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
}

export async function openPage(page: Page, sluice: Sluice, hash: string): Promise<void> {
  await page.goto(`http://127.0.0.1:${sluice.adminPort}/ui/${hash}`);
}

/** Presses a button and says yes to the question that follows. */
export async function confirmed(page: Page, button: string, verb: string): Promise<void> {
  await page.getByRole('button', { name: button, exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: verb, exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
}

/** What the page says about an order, dismissed again. */
export async function notice(page: Page, text: string | RegExp): Promise<void> {
  const item = page.locator('.notices li').filter({ hasText: text });
  await item.first().waitFor();
  await item.first().getByRole('button', { name: 'Dismiss' }).click();
}

/** The file of an operation, as the browser keeps it. */
export async function downloaded(page: Page, text: RegExp): Promise<string> {
  const button = page.locator('.notices li').filter({ hasText: text }).getByRole('button', { name: 'Download' });
  const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
  return readFileSync(await download.path(), 'utf8');
}

export function poolHash(name: string): string {
  return `#/pools/${encodeURIComponent(name)}`;
}

/** A tile of the overview. */
export function tile(page: Page, pool: string): ReturnType<Page['locator']> {
  return page.locator('.tile').filter({ has: page.locator('.name', { hasText: new RegExp(`^${escaped(pool)}$`) }) });
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** How far the page reaches beyond the window, in pixels. */
export async function overflow(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}

/** Elements that no page of ours makes, and what an attack would have left behind. */
export async function injected(page: Page): Promise<string> {
  return page.evaluate<string>(
    `[String(window.attacked ?? ''), ...[...document.querySelectorAll('img, iframe, body script, [onerror], [onload], style')].map((one) => one.outerHTML)].join('')`,
  );
}
