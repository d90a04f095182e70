/** The primary's certificates with real files: what listeners are told when those, or the ones to take, change. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { afterAll, afterEach, beforeEach, expect, test } from '@jest/globals';
import type { CertificateSource, CompiledConfig } from '../../../config/model.js';
import type { PrimaryToListener } from '../../../pools/protocol/primary-to-listener.js';
import { Certificates } from '../../../server/primary/certificates.js';
import { tlsKey } from '../../../server/primary/routes.js';
import { selfSigned } from '../../../server/primary/self-signed.js';
import { ManualClock } from '../../support/manual-clock.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';

const root = tempFolder('certificates-in-use');
let folder: string;
let clock: ManualClock;
let certificates: Certificates;
let told: PrimaryToListener[];
/** Of an authority: name -> file. */
let issued: Map<string, string>;
let count = 0;

beforeEach(() => {
  count += 1;
  folder = join(root, String(count));
  mkdirSync(folder);
  clock = new ManualClock();
  [told, issued] = [[], new Map()];
  const log = (): void => undefined;
  certificates = new Certificates({
    clock,
    logger: { debug: log, info: log, warn: log, error: log },
    broadcast: (message) => told.push(message),
    issuedFile: async (name) => issued.get(name) ?? null,
  });
});

afterEach(() => certificates.close());
afterAll(() => removeFolder(root));

/** @returns the key that listeners ask with. */
function configure(certificate: CertificateSource): string {
  const tls = {
    certificate,
    maxVersion: 'TLSv1.3',
    http2: true,
    clientCertificates: 'off',
    authoritiesFile: '',
  } as const;
  certificates.configure({
    server: { stateDir: folder },
    sites: [{ bindings: [{ tls }] }],
  } as unknown as CompiledConfig);
  return tlsKey(tls);
}

/** Certificate and key in one file, put in place as a whole; its common name is `label`. */
function place(path: string, label: string, names: readonly string[]): string {
  const file = join(folder, path);
  const wallMs = clock.wallMs();
  const times = { notBeforeMs: wallMs - 1_000, notAfterMs: wallMs + 86_400_000 };
  const { certificate, privateKey } = selfSigned({ commonName: label, names, ...times });
  writeFileSync(`${file}.next`, certificate + privateKey);
  renameSync(`${file}.next`, file);
  return file;
}

function labelOf(message: PrimaryToListener | undefined): string | null {
  if (message?.type !== 'certificate' || message.material === null) return null;
  return new X509Certificate(message.material.certificate).subject.replace('CN=', '');
}

/** The label of what a listener gets that asks; null = nothing. */
function ask(key: string, name: string): Promise<string | null> {
  return new Promise((resolve) => certificates.wanted(key, name, (message) => resolve(labelOf(message))));
}

/** The next thing that listeners are told. */
async function news(): Promise<PrimaryToListener | undefined> {
  await until('listeners are told', () => {
    clock.advance(1_000);
    return told.length > 0;
  });
  return told.shift();
}

test('a renewed certificate of an authority is taken where it lies now, and one that is given up is asked for again', async () => {
  const key = configure({ kind: 'acme' });
  issued.set('a.test', place('old.pem', 'old', ['a.test']));
  expect([await ask(key, 'a.test'), await ask(key, 'none.test')]).toEqual(['old', null]);
  issued.set('a.test', place('new.pem', 'new', ['a.test']));
  certificates.renewed('a.test');
  expect([labelOf(await news()), await ask(key, 'a.test')]).toEqual(['new', 'new']);
  certificates.forget('other.test');
  certificates.forget('a.test');
  expect(told).toEqual([{ type: 'certificate-forgotten', key, name: 'a.test' }]);
  issued.delete('a.test');
  expect(await ask(key, 'a.test')).toBeNull();
});
