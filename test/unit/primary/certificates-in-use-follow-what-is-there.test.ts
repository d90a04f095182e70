/** The primary's certificates with real files: what listeners are told when those, or the ones to take, change. */
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { afterAll, afterEach, beforeEach, expect, test } from '@jest/globals';
import { certificateStoreLookMs } from '../../../config/base/certificate-limits.js';
import type { CertificateSource, CompiledConfig } from '../../../config/model.js';
import type { PrimaryToListener } from '../../../pools/protocol/primary-to-listener.js';
import { CertificateStore } from '../../../server/primary/certificate-store.js';
import { systemClock } from '../../../server/primary/clock.js';
import { Certificates } from '../../../server/primary/certificates.js';
import { tlsKey } from '../../../server/primary/routes.js';
import { selfSigned } from '../../../server/primary/self-signed.js';
import { ManualClock } from '../../support/manual-clock.js';
import { openssl } from '../../support/test-certificates.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';

const root = tempFolder('certificates-in-use');
let folder: string;
let clock: ManualClock;
let certificates: Certificates;
let told: PrimaryToListener[];
/** Files that are refused, and that were read, by their paths in the folder. */
let refused: string[];
let loaded: string[];
/** Of an authority: name -> file. */
let issued: Map<string, string>;
let count = 0;

beforeEach(() => {
  count += 1;
  folder = join(root, String(count));
  mkdirSync(folder);
  clock = new ManualClock();
  // Files have the time of the machine.
  clock.advance(systemClock.wallMs() - clock.wallMs());
  [told, refused, loaded, issued] = [[], [], [], new Map()];
  const log = (): void => undefined;
  const info = (event: string, { file = '' }: Readonly<Record<string, unknown>> = {}): void => {
    if (event === 'certificate-loaded') loaded.push(relative(folder, String(file)));
  };
  const error = (event: string, { file = '' }: Readonly<Record<string, unknown>> = {}): void => {
    if (event === 'certificate-refused') refused.push(relative(folder, String(file)));
  };
  certificates = new Certificates({
    clock,
    logger: { debug: log, info, warn: log, error },
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
  const { certificate, pfx } = message.material;
  if (pfx !== '') return 'PKCS #12';
  return new X509Certificate(certificate).subject.replace('CN=', '');
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

function store(): string {
  return configure({ kind: 'store', folder, password: 'secret-word' });
}

/** `path` becomes a PKCS #12 file. */
function placePfx(path: string, label: string, names: readonly string[]): void {
  const pem = place(`${path}.source`, label, names);
  const file = join(folder, path);
  openssl('pkcs12', '-export', '-in', pem, '-out', `${file}.next`, '-passout', 'pass:secret-word');
  renameSync(`${file}.next`, file);
}

/** Certbot's layout. */
function placeFolder(path: string, label: string, names: readonly string[]): void {
  mkdirSync(join(folder, path), { recursive: true });
  copyFileSync(place(`${path}/privkey.pem`, label, names), join(folder, path, 'fullchain.pem'));
}

test('every certificate of the folder that has the name is found, in whichever form', async () => {
  place('bundle.pem', 'bundle', ['one.test', 'two.test']);
  placeFolder('shop.test', 'certbot', ['shop.test', 'www.shop.test', '*.deep.test']);
  placePfx('p1.test.pfx', 'pfx', ['p1.test', 'p2.test']);
  const key = store();
  const found: Record<string, string | null> = {};
  for (const name of [
    'two.test',
    'shop.test',
    'www.shop.test',
    'x.deep.test',
    'p1.test',
    'p2.test',
    'none.test',
    '..',
  ]) {
    found[name] = await ask(key, name);
  }
  expect(found).toEqual({
    'two.test': 'bundle',
    'shop.test': 'certbot',
    'www.shop.test': 'certbot',
    'x.deep.test': 'certbot',
    'p1.test': 'PKCS #12',
    'p2.test': 'PKCS #12',
    'none.test': null,
    '..': null,
  });
});

test('a more specific file is taken when it comes, and the other one again when it goes', async () => {
  place('_.ex.test.pem', 'wild', ['*.ex.test']);
  const key = store();
  expect([await ask(key, 'a.ex.test'), await ask(key, 'b.ex.test')]).toEqual(['wild', 'wild']);
  clock.advance(1_000);
  const specific = place('a.ex.test.pem', 'specific', ['a.ex.test']);
  expect(labelOf(await news())).toBe('specific');
  placeFolder('b.ex.test', 'certbot', ['b.ex.test']);
  expect(labelOf(await news())).toBe('certbot');
  rmSync(specific);
  expect(labelOf(await news())).toBe('wild');
  expect([await ask(key, 'a.ex.test'), await ask(key, 'b.ex.test'), told]).toEqual(['wild', 'certbot', []]);
});

test('a file that is still being written takes nothing from the one before it, and is read when it is whole', async () => {
  place('_.ex.test.pem', 'wild', ['*.ex.test']);
  const key = store();
  expect(await ask(key, 'a.ex.test')).toBe('wild');
  clock.advance(1_000);
  const whole = readFileSync(place('other.source', 'specific', ['a.ex.test']), 'utf8');
  writeFileSync(join(folder, 'a.ex.test.pem'), whole.slice(0, 200));
  await until('it is refused', () => {
    clock.advance(1_000);
    return refused.includes('a.ex.test.pem');
  });
  expect([told, await ask(key, 'a.ex.test')]).toEqual([[], 'wild']);
  appendFileSync(join(folder, 'a.ex.test.pem'), whole.slice(200));
  expect(labelOf(await news())).toBe('specific');
});

test('what is inside a file is looked at again when it was written in place', async () => {
  const whole = readFileSync(place('other.source', 'copied', ['one.test']), 'utf8');
  const file = join(folder, 'bundle.pem');
  writeFileSync(file, whole.slice(0, 200));
  const key = store();
  expect(await ask(key, 'one.test')).toBeNull();
  clock.advance(1_000);
  appendFileSync(file, whole.slice(200));
  await until('it is found', async () => {
    clock.advance(300);
    return (await ask(key, 'one.test')) === 'copied';
  });
  // Where the kernel tells nothing, a while later.
  const alone = new CertificateStore(folder, '', clock, () => undefined);
  clock.advance(1_000);
  expect([await alone.find('one.test'), await alone.find('two.test')]).toEqual([
    { kind: 'pem', certFile: file, keyFile: file, password: '' },
    null,
  ]);
  writeFileSync(file, readFileSync(place('../other.source', 'again', ['two.test'])));
  clock.advance(certificateStoreLookMs);
  expect([await alone.find('one.test'), (await alone.find('two.test'))?.kind]).toEqual([null, 'pem']);
});

test('a folder is there before what belongs into it: the watch hears of that too', async () => {
  let changes = 0;
  const alone = new CertificateStore(folder, '', clock, () => {
    changes += 1;
  });
  const look = async (): Promise<readonly string[]> => {
    alone.touched();
    await alone.find('a.test');
    return alone.watched.map((path) => relative(folder, path));
  };
  expect(await look()).toEqual(['*']);
  mkdirSync(join(folder, 'b.test'));
  expect([await look(), changes]).toEqual([['*', 'b.test/fullchain.pem'], 1]);
  const before = alone.watched;
  await look();
  expect(alone.watched).toBe(before);
  placeFolder('b.test', 'certbot', ['a.test']);
  expect([await look(), changes]).toEqual([['*'], 2]);
  expect((await alone.find('a.test'))?.kind).toBe('pem');
});

test('names that are served from one file have it read once, and all get the next one', async () => {
  place('_.ex.test.pem', 'wild', ['*.ex.test']);
  const key = store();
  const names = Array.from({ length: 20 }, (_, index) => `n${index}.ex.test`);
  const askAll = (): Promise<(string | null)[]> => Promise.all(names.map((name) => ask(key, name)));
  expect([await askAll(), loaded]).toEqual([names.map(() => 'wild'), ['_.ex.test.pem']]);
  clock.advance(1_000);
  place('_.ex.test.pem', 'next', ['*.ex.test']);
  await until('all are told', () => {
    clock.advance(1_000);
    return told.length === names.length;
  });
  expect([new Set(told.map(labelOf)), await askAll(), loaded.length]).toEqual([
    new Set(['next']),
    names.map(() => 'next'),
    2,
  ]);
});
