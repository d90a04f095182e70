/** How long the page is busy at a time when every one of 500 pools changes every second. */
import type { Page } from 'playwright-core';
import { startBrowser, watchedPage } from '../../../support/browser.js';
import { playServer } from '../../../support/played-server.js';
import { pause, until } from '../../../support/time.js';
import { type Experiment, type Outcome, scaled, violations } from '../../experiment.js';

const longestTaskGoalMs = 100;
const frameGoalMs = 50;

/** Frames are counted in the page itself; a task that blocks it makes one of them late. */
const countFrames = `
  window.frames_ = [];
  let last = performance.now();
  const step = (now) => { window.frames_.push(now - last); last = now; requestAnimationFrame(step); };
  requestAnimationFrame(step);`;

async function run(pools: number, seconds: number): Promise<Outcome> {
  const server = await playServer(pools);
  const browser = await startBrowser();
  try {
    const { page, complaints } = await watchedPage(browser);
    await page.goto(`http://127.0.0.1:${server.port}/ui/`);
    await until('every pool has a tile', async () => (await page.locator('.tile').count()) === pools);
    await pause(2_000);
    await page.evaluate(countFrames);
    for (let second = 0; second < seconds; second += 1) {
      await page.mouse.wheel(0, 600);
      await pause(1_000);
    }
    const frames = (await page.evaluate<number[]>('window.frames_')).sort((a, b) => a - b);
    const p99 = frames[Math.floor(frames.length * 0.99)] ?? Number.NaN;
    const longest = frames.at(-1) ?? Number.NaN;
    const typed = await typingMs(page);
    const measured = `${pools} pools: frame p99 ${p99.toFixed(0)} ms, longest ${longest.toFixed(0)} ms; a filter acts in ${typed.toFixed(0)} ms`;
    const missed = violations({ [measured]: p99 <= frameGoalMs && longest <= 2 * longestTaskGoalMs && typed <= 300 });
    return { measured, broken: complaints, missed };
  } finally {
    await browser.close();
    await server.close();
  }
}

async function typingMs(page: Page): Promise<number> {
  const started = performance.now();
  await page.getByLabel('Filter pools by name').fill('pool-77');
  await until('the filter acts', async () => (await page.locator('.tile').count()) < 20, { everyMs: 5 });
  return performance.now() - started;
}

export const dashboardFluid: Experiment = {
  name: 'dashboard-fluid',
  promise: 'the overview of 500 pools that all change every second stays fluid',
  run: (scale) => run(500, scaled(30, scale, 4)),
};
