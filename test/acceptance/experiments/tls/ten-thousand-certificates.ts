/** A folder of ten thousand certificates: what they cost before anybody asks for them, and what those asked for cost. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../../server/primary/clock.js';
import { tlsContextsMax } from '../../../../config/base/limits.js';
import { selfSigned } from '../../../../server/primary/self-signed.js';
import { app } from '../../../support/paths.js';
import { residentBytes } from '../../../support/processes.js';
import { type Sluice, withSluice } from '../../../support/sluice.js';
import { removeFolder, tempFolder } from '../../../support/temp-folder.js';
import { pause } from '../../../support/time.js';
import { handshake } from '../../../support/tls-client.js';
import { type Experiment, type Outcome, scaled, violations } from '../../experiment.js';
import { listenerPids } from '../kill-listeners.js';

const dayMs = 86_400_000;
/** What allocators keep for themselves, and certificates that went but are not collected yet. */
const slackBytes = 40 * 2 ** 20;

function megabytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}

function fill(folder: string, count: number): void {
  const nowMs = systemClock.wallMs();
  for (let index = 0; index < count; index += 1) {
    const host = `n${index}.many.test`;
    const times = { notBeforeMs: nowMs - dayMs, notAfterMs: nowMs + 90 * dayMs };
    const { certificate, privateKey } = selfSigned({ commonName: host, names: [host], ...times });
    writeFileSync(join(folder, `${host}.pem`), certificate + privateKey, { mode: 0o600 });
  }
}

interface Sizes {
  readonly listeners: number;
  readonly primary: number;
}

function sizes(sluice: Sluice): Sizes {
  const listeners = listenerPids(sluice).reduce((sum, pid) => sum + residentBytes(pid), 0);
  return { listeners, primary: residentBytes(sluice.pid) };
}

async function shakeHands(port: number, from: number, to: number): Promise<string[]> {
  const failures: string[] = [];
  let next = from;
  const work = Array.from({ length: 8 }, async () => {
    while (next < to) {
      const servername = `n${next}.many.test`;
      next += 1;
      try {
        const socket = await handshake(port, { servername });
        if (socket.getPeerCertificate().subject.CN !== servername) failures.push(`${servername}: another certificate`);
        socket.destroy();
      } catch (error) {
        failures.push(`${servername}: ${String(error)}`);
      }
    }
  });
  await Promise.all(work);
  return failures;
}

async function run(count: number): Promise<Outcome> {
  const folder = tempFolder('many-certificates');
  fill(folder, count);
  let outcome: Outcome = { measured: 'nothing', broken: ['did not run'], missed: [] };
  await withSluice(
    {
      listeners: 1,
      applicationPools: [{ name: 'p' }],
      server: { certificateStore: { path: folder }, webLimits: { maxHandshakesPerSecond: 0 } },
      sites: (port) => [
        {
          name: 'main',
          bindings: [{ protocol: 'https', bindingInformation: `*:${port}:*.many.test` }],
          applications: [{ path: '/', applicationPool: 'p', physicalPath: app('plain') }],
        },
      ],
    },
    async (sluice) => {
      // What every handshake needs is there before anything is counted.
      const failures = await shakeHands(sluice.port, 0, 1);
      await shakeHands(sluice.port, 0, 200);
      await pause(3_000);
      const before = sizes(sluice);
      // As many as a listener keeps: the others take the place of these.
      const part = Math.min(tlsContextsMax, Math.round(count / 2));
      failures.push(...(await shakeHands(sluice.port, 0, part)));
      await pause(3_000);
      const used = sizes(sluice);
      failures.push(...(await shakeHands(sluice.port, part, count)));
      await pause(3_000);
      const all = sizes(sluice);
      const grown = (to: Sizes): string =>
        `listener ${megabytes(to.listeners - before.listeners)} MB, primary ${megabytes(to.primary - before.primary)} MB`;
      outcome = {
        measured: `${count} certificates in a folder: listener ${megabytes(before.listeners)} MB with 200 used; grown by ${grown(used)} with ${part} used, ${grown(all)} after all were used once`,
        broken: violations({ [`failed: ${failures.slice(0, 3).join('; ')}`]: failures.length === 0 }),
        missed: violations({
          'the listener grows with certificates that are not used any more':
            count < 2 * tlsContextsMax || all.listeners - used.listeners < slackBytes,
        }),
      };
    },
  );
  removeFolder(folder);
  return outcome;
}

export const tenThousandCertificates: Experiment = {
  name: 'ten-thousand-certificates',
  promise: '10,000 certificates cost memory only when they are used',
  run: (scale) => run(scaled(10_000, scale, 400)),
};
