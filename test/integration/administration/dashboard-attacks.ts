/** Everything that a tenant can write and an administrator reads here, written by an attacker. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { systemClock } from '../../../server/primary/clock.js';
import { selfSigned } from '../../../server/primary/self-signed.js';
import { screenshot } from '../../support/browser.js';
import { injected, openPage, poolHash } from '../../support/dashboard.js';
import { freePort } from '../../support/free-port.js';
import type { Settings, Sluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { handshake, tlsCall } from '../../support/tls-client.js';

export interface Attacker {
  readonly pools: readonly string[];
  /** A site of its own, on ports of its own. */
  site(): Promise<Settings>;
  /** The port of its https bindings. */
  port(): number;
  close(): void;
}

interface World {
  readonly sluice: Sluice;
  readonly page: Page;
  readonly attacker: Attacker;
}

/** Fits wherever neither / nor quotes may stand. */
const image = (place: string): string => `<img src=x onerror=window.attacked=${place}>`;
const script = (place: string): string => `<script>window.attacked='${place}'</script>`;
const escaped = (text: string): string => text.replaceAll('<', '&lt;').replaceAll('>', '&gt;');
/** The most that the name of a site may hold. */
const siteName = "o'brien's {{7*7}} %3Cb%3E `x`";
/** No equals sign in the name of a variable. */
const variable = '<script>attack()</script>';
const dayMs = 86_400_000;
const hosts = ['good.test', 'expired.test', 'broken.test'] as const;

const webConfig = `<configuration><system.webServer>
  <handlers><add name="aspNetCore" path="*" verb="*" modules="AspNetCoreModuleV2" /></handlers>
  <aspNetCore processPath="./${escaped(image('1'))}" arguments="${escaped(script('arguments'))}" hostingModel="outofprocess">
    <environmentVariables><environmentVariable name="WORD" value="${escaped(script('variable'))}" /></environmentVariables>
  </aspNetCore>
</system.webServer></configuration>`;

export function plantAttacks(): Attacker {
  const folder = tempFolder('attacks');
  const [throwing, programs, certificates] = [image('2'), image('3'), image('4')].map((name) => join(folder, name));
  if (throwing === undefined || programs === undefined || certificates === undefined) throw new Error('three folders');
  for (const one of [throwing, programs, certificates]) mkdirSync(one);
  const attack = JSON.stringify(`${image('5')}${script('thrown')}`);
  writeFileSync(join(throwing, 'index.js'), `console.error(${attack}); throw new Error(${attack});\n`);
  writeFileSync(join(programs, 'web.config'), webConfig);
  const fileOf = (host: string): string => join(certificates, `${host}.pem`);
  for (const host of hosts) writeFileSync(fileOf(host), certificateOf(host), { mode: 0o600 });
  let port = 0;
  return {
    pools: ['thrown', 'program'],
    port: () => port,
    site: async () => {
      port = await freePort();
      return {
        name: siteName,
        bindings: hosts.map((host) => ({
          protocol: 'https',
          bindingInformation: `*:${port}:${host}`,
          certificate: { certFile: fileOf(host) },
        })),
        applications: [
          {
            path: '/thrown',
            applicationPool: 'thrown',
            physicalPath: throwing,
            hosting: { environmentVariables: { [variable]: image('7') } },
          },
          { path: '/program', applicationPool: 'program', physicalPath: programs },
          // Nobody can ask for it: the path of no request holds these characters.
          { path: `/${image('6')}`, applicationPool: 'program', physicalPath: programs },
        ],
      };
    },
    close: () => removeFolder(folder),
  };
}

/** Of `broken.test` the key is missing. */
function certificateOf(host: (typeof hosts)[number]): string {
  const nowMs = systemClock.wallMs();
  const { certificate, privateKey } = selfSigned({
    commonName: image('8'),
    names: [host, `${image('9')}.${host}`],
    notBeforeMs: nowMs - 100 * dayMs,
    notAfterMs: nowMs + (host === 'expired.test' ? -1 : 90) * dayMs,
  });
  return host === 'broken.test' ? certificate : certificate + privateKey;
}

export function attackTests(one: typeof test, of: () => World): void {
  one('what tenants say is shown and never obeyed', async () => {
    const { sluice, page } = of();
    await sluice.call('/crashing/');
    await openPage(page, sluice, poolHash('crashing'));
    await page.getByRole('table', { name: 'Workers' }).waitFor();
    const waits = sluice.call(`/crashing/wait?<script>window.attacked='url'</script>`);
    await sluice.call('/crashing/print', { headers: { 'user-agent': '<img src=x onerror=window.attacked=1>' } });
    await page.getByText('/crashing/wait').first().waitFor();
    await sluice.call('/crashing/go');
    await waits;
    await sluice.call('/crashing/crash');
    // The oldest: newer ones push in above it.
    const obituary = page.locator('details.entry').last();
    await obituary.locator('summary').click();
    await obituary.getByText("<script>window.attacked='error'</script>").first().waitFor();
    await screenshot(page, 'pool-crashed', true);
    await openPage(page, sluice, '#/events');
    await page.getByText('ended: exit').first().waitFor();
    expect(await injected(page)).toBe('');
    for (const hash of ['#/pools/<img src=x onerror=window.attacked=1>', '#/pools/%', '#/<script>']) {
      await openPage(page, sluice, hash);
      await page.getByRole('heading').first().waitFor();
      expect(await injected(page)).toBe('');
    }
  });

  certificateTest(one, of);
  siteTests(one, of);
}

function certificateTest(one: typeof test, of: () => World): void {
  one('certificates are shown as they are: good, ended, of no use, and with names that attack', async () => {
    const { sluice, page, attacker } = of();
    for (const servername of hosts) {
      const socket = await handshake(attacker.port(), { servername }).catch(() => null);
      expect([servername, socket !== null]).toEqual([servername, servername !== 'broken.test']);
      socket?.destroy();
    }
    await openPage(page, sluice, '#/certificates');
    const row = (host: string) => page.getByRole('row').filter({ hasText: `${host}.pem` });
    await row('good.test').getByText('good', { exact: true }).waitFor();
    await row('expired.test').getByText('expired', { exact: true }).waitFor();
    await row('expired.test')
      .getByText(/, ended$/)
      .waitFor();
    await row('broken.test').getByText('missing', { exact: true }).waitFor();
    expect(await row('broken.test').textContent()).toMatch(/key/);
    expect(await row('good.test').textContent()).toContain(`${image('9')}.good.test`);
    expect(await injected(page)).toBe('');
    await screenshot(page, 'certificates');
  });
}

function siteTests(one: typeof test, of: () => World): void {
  one('names, folders and settings of sites are shown and never obeyed', async () => {
    const { sluice, page } = of();
    await openPage(page, sluice, '#/sites');
    await page.getByRole('heading', { name: siteName }).waitFor();
    for (const text of [`/${image('6')}`, image('2'), image('3')]) await page.getByText(text).first().waitFor();
    expect(await injected(page)).toBe('');
    await openPage(page, sluice, '#/config');
    for (const text of [variable, image('1'), script('arguments'), image('2')]) {
      await page.getByLabel('Filter settings').fill(text);
      await page.getByRole('cell').filter({ hasText: text }).first().waitFor();
    }
    expect(await injected(page)).toBe('');
  });

  one('a start that failed is told and never obeyed', async () => {
    const { sluice, page, attacker } = of();
    for (const [path, status] of [
      ['/thrown', 500],
      ['/program', 502],
    ] as const) {
      expect(await tlsCall(attacker.port(), { servername: 'good.test', path })).toMatchObject({ status });
    }
    await openPage(page, sluice, poolHash('thrown'));
    const failure = page.locator('details.entry').filter({ hasText: 'start of' });
    await failure.locator('summary').click();
    await failure
      .locator('p')
      .filter({ hasText: script('thrown') })
      .first()
      .waitFor();
    await failure.locator('.journey li').first().waitFor();
    await failure
      .locator('pre')
      .filter({ hasText: image('5') })
      .waitFor();
    expect(await injected(page)).toBe('');
    await screenshot(page, 'start-failed', true);
    await openPage(page, sluice, poolHash('program'));
    await page.getByText(image('1')).first().waitFor();
    expect(await injected(page)).toBe('');
  });
}
