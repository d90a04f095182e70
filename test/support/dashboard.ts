/** Signing a browser in to the dashboard of a server, and what every page of it has to hold. */
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

export async function openPage(page: Page, sluice: Sluice, hash: string): Promise<void> {
  await page.goto(`http://127.0.0.1:${sluice.adminPort}/ui/${hash}`);
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
