/**
 * Certificates are replaced again and again under handshakes, among them files that are of no use: nobody's
 * handshake may fail for it, neither those of the tenants whose files are good nor those of the others.
 */
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../../server/primary/clock.js';
import { selfSigned } from '../../../../server/primary/self-signed.js';
import type { CertificateView } from '../../../../server/admin/control-plane.js';
import { callJson } from '../../../support/http-client.js';
import { app } from '../../../support/paths.js';
import { type Settings, type Sluice, withSluice } from '../../../support/sluice.js';
import { removeFolder, tempFolder } from '../../../support/temp-folder.js';
import { pause, until } from '../../../support/time.js';
import { handshake } from '../../../support/tls-client.js';
import { type Experiment, type Outcome, scaled, violations } from '../../experiment.js';

const dayMs = 86_400_000;
const faults = ['expired', 'wrong-key', 'half-written', 'no-certificate', 'unreadable'] as const;
type Fault = (typeof faults)[number];
const goodHosts = ['good.test', 'live.test'];
const faultyHosts = faults.map((fault) => `${fault}.test`);

/** Certificate and key in one file, as they are best replaced. */
function made(host: string, endsInDays = 90): { readonly certificate: string; readonly privateKey: string } {
  const nowMs = systemClock.wallMs();
  return selfSigned({
    commonName: host,
    names: [host],
    notBeforeMs: nowMs - 100 * dayMs,
    notAfterMs: nowMs + endsInDays * dayMs,
  });
}

function replace(file: string, text: string): void {
  writeFileSync(`${file}.next`, text, { mode: 0o600 });
  renameSync(`${file}.next`, file);
}

function place(file: string, host: string): void {
  const { certificate, privateKey } = made(host);
  replace(file, certificate + privateKey);
}

function spoil(file: string, fault: Fault): void {
  const host = `${fault}.test`;
  const { certificate, privateKey } = made(host);
  rmSync(file, { force: true, recursive: true });
  switch (fault) {
    case 'expired': {
      const old = made(host, -1);
      return replace(file, old.certificate + old.privateKey);
    }
    case 'wrong-key':
      return replace(file, certificate + made(host).privateKey);
    case 'half-written':
      return writeFileSync(file, (certificate + privateKey).slice(0, certificate.length + 60));
    case 'no-certificate':
      return replace(file, privateKey);
    case 'unreadable':
      // Nothing is closed to root.
      if (process.getuid?.() === 0) {
        mkdirSync(file);
        return;
      }
      replace(file, certificate + privateKey);
      return chmodSync(file, 0);
  }
}

interface Tally {
  good: number;
  failures: string[];
}

/** Full handshakes, one after another, until `isOver`. */
async function shakeHands(port: number, host: string, tally: Tally, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    try {
      (await handshake(port, { servername: host })).destroy();
      tally.good += 1;
    } catch (error) {
      tally.failures.push(`${host}: ${String(error)}`);
    }
    await pause(2);
  }
}

async function serial(port: number, host: string): Promise<string> {
  const socket = await handshake(port, { servername: host });
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

async function states(sluice: Sluice): Promise<Map<string, CertificateView['state']>> {
  const answer = (await callJson(sluice.adminSocket, '/api/v1/certificates')) as { certificates: CertificateView[] };
  return new Map(answer.certificates.map(({ file, state }) => [file, state]));
}

async function run(reloads: number): Promise<Outcome> {
  const folder = tempFolder('certificates');
  const fileOf = (host: string): string => join(folder, `${host}.pem`);
  const hosts = [...goodHosts, ...faultyHosts];
  for (const host of hosts) place(fileOf(host), host);
  const binding = (port: number, host: string): Settings => ({
    protocol: 'https',
    bindingInformation: `*:${port}:${host}`,
    certificate: { certFile: fileOf(host) },
  });
  const tally = new Map(hosts.map((host) => [host, { good: 0, failures: [] } as Tally]));
  const outcome: { measured: string; broken: string[] } = { measured: '', broken: ['did not run'] };
  await withSluice(
    {
      applicationPools: [{ name: 'p' }],
      server: { webLimits: { maxHandshakesPerSecond: 0 } },
      sites: (port) => [
        {
          name: 'main',
          bindings: hosts.map((host) => binding(port, host)),
          applications: [{ path: '/', applicationPool: 'p', physicalPath: app('plain') }],
        },
      ],
    },
    async (sluice) => {
      for (const host of hosts) await serial(sluice.port, host);
      let isOver = false;
      const work = [...tally].map(([host, one]) => shakeHands(sluice.port, host, one, () => isOver));
      for (let number = 1; number <= reloads; number += 1) {
        const fault = faults[number % faults.length];
        if (fault !== undefined && number % 3 === 0) spoil(fileOf(`${fault}.test`), fault);
        const before = number % 10 === 0 ? await serial(sluice.port, 'live.test') : '';
        place(fileOf('live.test'), 'live.test');
        if (before === '') await pause(20);
        else await until(`reload ${number} acts`, async () => (await serial(sluice.port, 'live.test')) !== before);
      }
      for (const fault of faults) spoil(fileOf(`${fault}.test`), fault);
      await until(
        'every fault is told',
        async () => {
          const found = await states(sluice);
          return faultyHosts.every((host) => found.get(fileOf(host)) === 'outdated');
        },
        { withinMs: 60_000 },
      );
      isOver = true;
      await Promise.all(work);
      const failures = [...tally.values()].flatMap((one) => one.failures);
      const total = [...tally.values()].reduce((sum, one) => sum + one.good, 0);
      const log = readFileSync(join(sluice.folder, 'log', 'sluice.log'), 'utf8');
      const metrics = await sluice.metrics();
      outcome.measured = `${reloads} certificates replaced, ${total} handshakes, ${failures.length} failed, ${faults.length} kinds of bad file named`;
      outcome.broken = violations({
        [`handshakes failed: ${failures.slice(0, 3).join('; ')}`]: failures.length === 0,
        'nobody shook hands': [...tally.values()].every((one) => one.good > 0),
        'a bad file is in no record': faultyHosts.every((host) =>
          log.split('\n').some((line) => line.includes('certificate-refused') && line.includes(host)),
        ),
        'the metric does not count them': metrics.includes(`sluice_certificate_problems ${faults.length}`),
      });
    },
  );
  removeFolder(folder);
  return { ...outcome, missed: [] };
}

export const certificateFaults: Experiment = {
  name: 'certificate-faults',
  promise:
    '1,000 certificates replaced under handshakes, expired, mismatched and broken ones among them: 0 handshakes fail',
  run: (scale) => run(scaled(1_000, scale, 30)),
};
