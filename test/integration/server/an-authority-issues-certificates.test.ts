/** A real authority of ACME (Debian's pebble, strict) looks at a real server and issues its certificates. */
import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { CertificateView } from '../../../server/admin/control-plane.js';
import { freePort } from '../../support/free-port.js';
import { call, callJson } from '../../support/http-client.js';
import { testNeeding } from '../../support/needs.js';
import { app, sluiceMain } from '../../support/paths.js';
import { type Pebble, startPebble } from '../../support/pebble.js';
import { run } from '../../support/program.js';
import { type Settings, type Sluice, type SluiceOptions, withSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';
import { handshake, tlsCall } from '../../support/tls-client.js';

const withPebble = testNeeding('pebble', 'pebble-challtestsrv');

function https(port: number, host: string): Settings {
  return { protocol: 'https', bindingInformation: `*:${port}:${host}`, certificate: 'acme' };
}

interface Machine {
  readonly state: string;
  readonly plain: number;
  readonly tls: number;
}

function options({ state, plain, tls }: Machine, acme: Settings): SluiceOptions {
  const site = (name: string, bindings: readonly Settings[]): Settings => ({
    name,
    bindings,
    applications: [{ path: '/', applicationPool: name, physicalPath: app('plain') }],
  });
  return {
    applicationPools: [{ name: 'plain' }, { name: 'main' }],
    server: { stateDir: state, acme },
    sites: () => [
      site('plain', [{ protocol: 'http', bindingInformation: `*:${plain}:` }]),
      site(
        'main',
        ['shop.test', 'lost.test', '*.demand.test'].map((host) => https(tls, host)),
      ),
    ],
  };
}

async function serialOf(port: number, servername: string): Promise<string> {
  const socket = await handshake(port, { servername });
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

async function certificate(sluice: Sluice, host: string): Promise<CertificateView | undefined> {
  const answer = await callJson(sluice.adminSocket, '/api/v1/certificates');
  return (answer as { certificates: CertificateView[] }).certificates.find((one) => one.host === host);
}

function log(sluice: Sluice): string {
  return readFileSync(join(sluice.folder, 'log', 'sluice.log'), 'utf8');
}

/** The certificate of the name is there; @returns how it was asked for. */
async function issued(sluice: Sluice, pebble: Pebble, host: string): Promise<string> {
  const isThere = async (): Promise<boolean> => (await certificate(sluice, host))?.order?.state === 'valid';
  const state = (): string => log(sluice) + pebble.output().slice(-4_000);
  await until(`${host} has a certificate`, isThere, { withinMs: 60_000, state });
  const line = log(sluice)
    .split('\n')
    .findLast((one) => one.includes('certificate-issued') && one.includes(host));
  return /"challenge":"([^"]+)"/.exec(line ?? '')?.[1] ?? String(line);
}

withPebble(
  'on two ways, on demand, renewed, kept over a restart; failures are told and keep the old',
  async () => {
    const machine = { state: tempFolder('acme-state'), plain: await freePort(), tls: await freePort() };
    const pebble = await startPebble({ http: machine.plain, https: machine.tls }, 15);
    const acme = pebble.acme({ onDemandHosts: ['*.demand.test'], rehearsal: pebble.directory });
    const { tls } = machine;
    try {
      await pebble.leadsNowhere('lost.test', true);
      let file = '';
      await withSluice(options(machine, acme), async (sluice) => {
        expect(await issued(sluice, pebble, 'shop.test')).toBe('http-01');
        const first = await serialOf(tls, 'shop.test');
        const answer = await tlsCall(tls, { servername: 'shop.test' });
        expect([answer.status, answer.body]).toEqual([200, 'plain\n']);

        // The first handshake waits for its certificate.
        expect((await tlsCall(tls, { servername: 'a.demand.test' })).status).toBe(200);
        await expect(handshake(tls, { servername: 'deep.a.demand.test' })).rejects.toThrow(/alert/);

        // Nobody else's answers are touched, and tokens that are not known are the application's.
        const other = await call(machine.plain, '/.well-known/acme-challenge/unknown');
        expect([other.status, other.text]).toEqual([404, 'no such route in the app\n']);

        await until(
          'the failure is told',
          async () => (await certificate(sluice, 'lost.test'))?.order?.state === 'failing',
          {
            withinMs: 60_000,
          },
        );
        expect(log(sluice)).toMatch(/lost\.test.*could not resolve.*certificate-not-issued/);
        const metrics = await sluice.metrics();
        expect(metrics).toMatch(/sluice_acme_orders_total\{result="failure"\} [1-9]/);
        expect(metrics).toMatch(/sluice_certificate_problems [1-9]/);
        const listed = await run(process.execPath, [sluiceMain, 'cert', 'list', '--admin', sluice.adminSocket]);
        expect(listed.output).toMatch(/^lost\.test +acme +missing, failing/m);
        await expect(handshake(tls, { servername: 'lost.test' })).rejects.toThrow(/alert/);

        const view = await certificate(sluice, 'shop.test');
        expect(statSync(view?.file ?? '').mode & 0o777).toBe(0o600);
        expect(metrics).toContain(`{file="${view?.file}",host="shop.test"}`);
        await until('it is renewed and serves', async () => (await serialOf(tls, 'shop.test')) !== first, {
          withinMs: 60_000,
          state: () => log(sluice),
        });

        // The other way, by a reload.
        const text = JSON.parse(readFileSync(sluice.file, 'utf8')) as { acme: Settings };
        const next = { ...text, acme: { ...text.acme, challenge: 'tls-alpn-01' } };
        writeFileSync(sluice.file, JSON.stringify(next));
        await until('the file acts', () => log(sluice).includes('configuration-applied'));
        expect((await tlsCall(tls, { servername: 'b.demand.test' })).status).toBe(200);
        expect(await issued(sluice, pebble, 'b.demand.test')).toBe('tls-alpn-01');
        file = (await certificate(sluice, 'b.demand.test'))?.file ?? '';
        expect(log(sluice) + sluice.output()).not.toContain('PRIVATE KEY');
      });
      // Nobody can be asked any more.
      await pebble.stop();
      const kept = new X509Certificate(readFileSync(file)).serialNumber;
      await withSluice(options(machine, acme), async () => {
        expect(await serialOf(tls, 'b.demand.test')).toBe(kept);
        expect((await tlsCall(tls, { servername: 'shop.test' })).status).toBe(200);
      });
    } finally {
      await pebble.stop();
      removeFolder(machine.state);
    }
  },
  300_000,
);
