import { beforeEach, expect, test } from '@jest/globals';
import { acmeGivenUpRestMs, acmeOnDemandFailuresMax } from '../../../config/base/certificate-limits.js';
import type { AcmeConfig, SiteConfig } from '../../../config/model.js';
import { AcmeProblem } from '../../../server/primary/acme/client.js';
import { Issuer, type IssuerBackend } from '../../../server/primary/acme/issuer.js';
import type { Validity } from '../../../server/primary/acme/store.js';
import { ManualClock } from '../../support/manual-clock.js';
import { until } from '../../support/time.js';

const minuteMs = 60_000;
const dayMs = 86_400_000;
const lifeMs = 90 * dayMs;
const config: AcmeConfig = {
  directory: 'https://real/',
  rehearsal: 'https://rehearsal/',
  email: '',
  challenge: 'auto',
  onDemandHosts: ['*.demand.test', 'plain.test'],
  authoritiesFile: '',
};

let clock: ManualClock;
/** `name kind`, and `rehearsal` before those at the other directory. */
let orders: string[];
let stored: Map<string, Validity>;
let log: string[];
let renewed: string[];
let forgotten: string[];
let refuse: Error | null;
let release: (() => void)[];
let hold: boolean;

/** Of one authority; those of the others are told apart by their folder. */
function backendOf(folder: string): IssuerBackend {
  const path = (name: string): string => `${folder}/${name}.pem`;
  return {
    ...backend,
    store: (name) => keep(path(name)),
    find: async (name) => stored.get(path(name)) ?? null,
    fileOf: path,
  };
}

async function keep(name: string): Promise<Validity> {
  const validity = { notBeforeMs: clock.wallMs(), notAfterMs: clock.wallMs() + lifeMs };
  stored.set(name, validity);
  return validity;
}

const backend: IssuerBackend = {
  issue: async (name, kind, isRehearsal) => {
    orders.push(`${isRehearsal ? 'rehearsal ' : ''}${name} ${kind}`);
    if (hold) await new Promise<void>((resolve) => release.push(resolve));
    if (refuse !== null) throw refuse;
    return { certificate: '', privateKey: '' };
  },
  store: keep,
  find: async (name) => stored.get(name) ?? null,
  fileOf: (name) => `/certs/${name}.pem`,
};

function note(event: string): void {
  log.push(event);
}

function issuer(sites: readonly SiteConfig[], acme: AcmeConfig = config): Issuer {
  const made = new Issuer({
    clock,
    logger: { debug: note, info: note, warn: note, error: note },
    random: () => 0.5,
    open: ({ directory }) => (directory === config.directory ? backend : backendOf(directory)),
    renewed: (name) => renewed.push(name),
    forgotten: (name) => forgotten.push(name),
    counted: () => undefined,
  });
  made.configure(acme, sites);
  made.start();
  return made;
}

/** Sites with these hosts, as far as the issuer looks at them. */
function sitesWith(hosts: readonly string[], withHttp = true): SiteConfig[] {
  const tls = { certificate: { kind: 'acme' } };
  const bindings = hosts.map((host) => ({ protocol: 'https', host, tls }));
  const http = withHttp ? [{ protocol: 'http', host: '', tls: null }] : [];
  return [{ bindings: [...bindings, ...http] } as unknown as SiteConfig];
}

function stateOf(made: Issuer, name: string): string {
  return made.views().get(name)?.state ?? '';
}

beforeEach(() => {
  clock = new ManualClock();
  [orders, log, renewed, forgotten, release] = [[], [], [], [], []];
  stored = new Map();
  refuse = null;
  hold = false;
});

test('a host of a binding gets its certificate at once, rehearsed first, and a new one with a third left', async () => {
  const made = issuer(sitesWith(['a.test', '', '*.demand.test']));
  await until('it is there', () => stateOf(made, 'a.test') === 'valid');
  expect(orders).toEqual(['rehearsal a.test http-01', 'a.test http-01']);
  expect(await made.fileFor('a.test')).toBe('/certs/a.test.pem');
  const first = stored.get('a.test');
  clock.advance(58 * dayMs);
  expect(orders).toHaveLength(2);
  clock.advance(2 * dayMs);
  await until('it is renewed', () => stored.get('a.test') !== first);
  // What has worked before needs no rehearsal.
  expect(orders.slice(2)).toEqual(['a.test http-01']);
  await until('it is told', () => renewed.length === 2);
  made.close();
});

test('a stored certificate serves after a restart, without a new order', async () => {
  stored.set('a.test', { notBeforeMs: clock.wallMs() - dayMs, notAfterMs: clock.wallMs() + lifeMs - dayMs });
  const made = issuer(sitesWith(['a.test']));
  expect(await made.fileFor('a.test')).toBe('/certs/a.test.pem');
  expect([orders, stateOf(made, 'a.test')]).toEqual([[], 'valid']);
  made.close();
});

test('a failure keeps what is there, is tried again ever later, by the other challenge, and rehearsed', async () => {
  stored.set('a.test', { notBeforeMs: clock.wallMs() - 70 * dayMs, notAfterMs: clock.wallMs() + 20 * dayMs });
  refuse = new AcmeProblem('unauthorized: the name leads elsewhere');
  const made = issuer(sitesWith(['a.test']));
  await until('the first failed', () => stateOf(made, 'a.test') === 'failing');
  expect(await made.fileFor('a.test')).toBe('/certs/a.test.pem');
  clock.advance(minuteMs);
  await until('the second failed', () => made.views().get('a.test')?.failures === 2);
  clock.advance(2 * minuteMs - 1);
  expect(orders).toEqual(['a.test http-01', 'rehearsal a.test tls-alpn-01']);
  refuse = null;
  clock.advance(1);
  await until('it is there', () => stateOf(made, 'a.test') === 'valid');
  expect(orders.slice(2)).toEqual(['rehearsal a.test http-01', 'a.test http-01']);
  expect(log).toEqual(['certificate-not-issued', 'certificate-not-issued', 'certificate-issued']);
  made.close();
});

test('an authority that asks for patience gets it', async () => {
  refuse = new AcmeProblem('rateLimited: too many', 5 * 3_600_000);
  const made = issuer(sitesWith(['a.test']), { ...config, rehearsal: '' });
  await until('it failed', () => stateOf(made, 'a.test') === 'failing');
  clock.advance(5 * 3_600_000 - 1);
  expect(orders).toHaveLength(1);
  clock.advance(1);
  expect(orders).toHaveLength(2);
  made.close();
});

test('clients get certificates for names that are allowed, and for no others', async () => {
  const made = issuer(sitesWith(['', '*.demand.test'], false));
  for (const name of ['x.other.test', 'a.b.demand.test', 'demand.test', '../x', '']) {
    expect(await made.fileFor(name)).toBeNull();
  }
  expect(orders).toEqual([]);
  expect(await made.fileFor('x.demand.test')).toBe('/certs/x.demand.test.pem');
  expect(await made.fileFor('plain.test')).toBe('/certs/plain.test.pem');
  expect(orders.filter((one) => !one.startsWith('rehearsal'))).toEqual([
    'x.demand.test tls-alpn-01',
    'plain.test tls-alpn-01',
  ]);
  made.close();
});

test('a name of a client that cannot be had is given up for a while; a host of a binding never', async () => {
  refuse = new AcmeProblem('dns: no such name');
  const made = issuer(sitesWith(['a.test']), { ...config, rehearsal: '' });
  const asked = made.fileFor('junk.demand.test');
  const failures = (name: string): number => made.views().get(name)?.failures ?? -1;
  for (let number = 1; number <= acmeOnDemandFailuresMax; number += 1) {
    await until(
      `failure ${number}`,
      () => failures('a.test') === number && failures('junk.demand.test') !== number - 1,
    );
    clock.advance(minuteMs * 2 ** (number - 1));
  }
  expect(await asked).toBeNull();
  expect([...made.views().keys()]).toEqual(['a.test']);
  const ofJunk = (): number => orders.filter((one) => one.startsWith('junk')).length;
  expect(await made.fileFor('junk.demand.test')).toBeNull();
  expect([ofJunk(), log.filter((event) => event === 'certificate-given-up')]).toEqual([
    acmeOnDemandFailuresMax,
    ['certificate-given-up'],
  ]);
  // Whatever was loaded of it is asked for again by the next one who needs it.
  expect(forgotten).toEqual(['junk.demand.test']);
  refuse = null;
  clock.advance(acmeGivenUpRestMs);
  expect(await made.fileFor('junk.demand.test')).toBe('/certs/junk.demand.test.pem');
  made.close();
});

test('a certificate of a client’s name serves until its end, whatever its renewals come to', async () => {
  stored.set('b.demand.test', { notBeforeMs: clock.wallMs() - 86 * dayMs, notAfterMs: clock.wallMs() + 4 * dayMs });
  refuse = new AcmeProblem('dns: no such name');
  const made = issuer(sitesWith(['']), { ...config, rehearsal: '' });
  expect(await made.fileFor('b.demand.test')).toBe('/certs/b.demand.test.pem');
  for (let number = 1; made.views().size > 0; number += 1) {
    const isServed = clock.wallMs() < (stored.get('b.demand.test')?.notAfterMs ?? 0);
    const isOver = (): boolean => (made.views().get('b.demand.test')?.failures ?? number) === number;
    await until(`failure ${number}`, isOver);
    expect(made.views().size > 0 || !isServed).toBe(true);
    clock.advance(dayMs);
  }
  expect(orders.length).toBeGreaterThan(acmeOnDemandFailuresMax);
  made.close();
});

test('orders at the same time are bounded, and so are the names that clients bring in an hour', async () => {
  hold = true;
  const made = issuer(sitesWith(['1.test', '2.test', '3.test', '4.test', '5.test', '6.test']));
  await until('four are under way', () => orders.length === 4);
  const asked = Array.from({ length: 200 }, (_, index) => made.fileFor(`n${index}.demand.test`));
  await until('the names are known', () => made.views().size === 106);
  expect(orders).toHaveLength(4);
  hold = false;
  for (const one of release) one();
  await until('all are there', () => [...made.views().values()].every(({ state }) => state === 'valid'));
  clock.advance(60_000);
  await Promise.all(asked);
  expect(made.views().size).toBe(106);
  made.close();
});

/** So many names of clients, with certificates that have two thirds of their life before them. */
function storeMany(count: number, prefix = 's'): string[] {
  const names = Array.from({ length: count }, (_, index) => `${prefix}${index}.demand.test`);
  for (const name of names) {
    stored.set(name, { notBeforeMs: clock.wallMs() - lifeMs / 3, notAfterMs: clock.wallMs() + (2 * lifeMs) / 3 });
  }
  return names;
}

test('every stored certificate that a client asks for is renewed, however many, and names without one take no place', async () => {
  const names = storeMany(150);
  const made = issuer(sitesWith(['']), { ...config, rehearsal: '' });
  refuse = new AcmeProblem('dns: no such name');
  void Promise.all(Array.from({ length: 120 }, (_, index) => made.fileFor(`junk${index}.demand.test`)));
  await until('the junk of an hour is known', () => made.views().size === 100);
  expect(await Promise.all(names.map((name) => made.fileFor(name)))).toEqual(names.map((name) => `/certs/${name}.pem`));
  const isStored = (name: string): boolean => name.startsWith('s');
  expect([...made.views().keys()].filter(isStored)).toHaveLength(150);
  refuse = null;
  const before = new Map(stored);
  clock.advance(lifeMs / 3 + dayMs);
  await until('all are renewed', () => names.every((name) => stored.get(name) !== before.get(name)));
  made.close();
});

test('a changed acme section forgets no name that it still allows', async () => {
  const [first = '', second = ''] = storeMany(2);
  const made = issuer(sitesWith(['']), { ...config, rehearsal: '' });
  await Promise.all([made.fileFor(first), made.fileFor(second)]);
  made.configure({ ...config, rehearsal: '', onDemandHosts: ['*.demand.test', 'new.test'] }, sitesWith(['']));
  expect([...made.views().keys()]).toEqual([first, second]);
  made.configure({ ...config, rehearsal: '', onDemandHosts: [second] }, sitesWith(['']));
  expect([[...made.views().keys()], forgotten]).toEqual([[second], [first]]);
  const before = stored.get(second);
  await made.fileFor(second);
  clock.advance(lifeMs / 3 + dayMs);
  await until('it is renewed', () => stored.get(second) !== before && renewed.includes(second));
  made.close();
});

test('another authority is asked at once, and what the one before it issued serves until it has answered', async () => {
  const [name = '', known = ''] = storeMany(2);
  stored.set(`https://next//${known}.pem`, { notBeforeMs: clock.wallMs(), notAfterMs: clock.wallMs() + lifeMs });
  const made = issuer(sitesWith(['']));
  await Promise.all([made.fileFor(name), made.fileFor(known)]);
  hold = true;
  made.configure({ ...config, directory: 'https://next/' }, sitesWith(['']));
  await until('it is rehearsed', () => orders.length === 1);
  expect(orders).toEqual([`rehearsal ${name} http-01`]);
  expect(await made.fileFor(name)).toBe(`/certs/${name}.pem`);
  // What lies there already needs no order.
  expect([renewed, await made.fileFor(known)]).toEqual([[known], `https://next//${known}.pem`]);
  hold = false;
  for (const one of release) one();
  await until('it is there', () => renewed.includes(name));
  expect(await made.fileFor(name)).toBe(`https://next//${name}.pem`);
  made.close();
});

test('an order under way when the section changes is not begun twice, and what it brings is taken', async () => {
  hold = true;
  const made = issuer(sitesWith(['a.test']), { ...config, rehearsal: '' });
  await until('it is under way', () => orders.length === 1);
  made.configure({ ...config, rehearsal: '', email: 'ops@a.test' }, sitesWith(['a.test']));
  await made.fileFor('b.test');
  clock.advance(minuteMs);
  hold = false;
  for (const one of release) one();
  await until('it is there', () => stateOf(made, 'a.test') === 'valid');
  clock.advance(minuteMs);
  expect([orders, log, await made.fileFor('a.test')]).toEqual([
    ['a.test http-01'],
    ['certificate-issued'],
    '/certs/a.test.pem',
  ]);
  made.close();
});
