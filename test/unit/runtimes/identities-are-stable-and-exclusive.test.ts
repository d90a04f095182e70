import { afterEach, beforeEach, describe, expect } from '@jest/globals';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLogger } from '../../../config/base/logger.js';
import { createIdentities, type Identities, type PoolToIdentify } from '../../../pools/runtimes/isolation/identity.js';
import { createLeases } from '../../../pools/runtimes/isolation/leases.js';
import { testNeeding } from '../../support/needs.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

const asRoot = testNeeding('root');

let folder: string;
let open: Identities[];

function identities(options: { state?: string; isolate?: boolean; last?: number } = {}): Identities {
  const made = createIdentities({
    config: {
      stateDir: join(folder, options.state ?? 'state'),
      identityRange: { first: 53_000, last: options.last ?? 53_009 },
    },
    logger: silentLogger,
    isolate: options.isolate ?? true,
    leaseFolder: join(folder, 'leases'),
  });
  open.push(made);
  return made;
}

function pool(name: string, more: { isolation?: 'process' | 'user'; userName?: string } = {}): PoolToIdentify {
  return { name, isolation: more.isolation ?? 'user', processModel: { userName: more.userName ?? null } };
}

/** Somebody who lives. */
function leaseOfInit(): string {
  return readFileSync('/proc/1/stat', 'latin1').replace(/^(\d+) .*\) (?:\S+ ){19}(\d+) [\s\S]*$/, '$1 $2\n');
}

beforeEach(() => {
  folder = tempFolder('ids');
  open = [];
});
afterEach(() => {
  for (const one of open) one.close();
  removeFolder(folder);
});

describe('identities of pools', () => {
  asRoot('differ between pools and listeners, and stay over restarts', async () => {
    const first = identities();
    const ids = [first.forListeners(), first.forPool(pool('a')), first.forPool(pool('b'))].map((one) => one?.uid);
    expect(ids).toEqual([53_000, 53_001, 53_002]);
    expect(first.forPool(pool('a'))?.uid).toBe(53_001);
    first.close();
    const second = identities();
    expect(second.forPool(pool('b'))?.uid).toBe(53_002);
    expect(second.forPool(pool('a'))?.uid).toBe(53_001);
    expect(second.forListeners()?.uid).toBe(53_000);
  });

  asRoot('are never those that another living instance holds', async () => {
    const one = identities({ state: 'one' }).forPool(pool('a'));
    const two = identities({ state: 'two' });
    writeFileSync(join(folder, 'leases', '53000'), leaseOfInit());
    expect(one?.uid).toBe(53_000);
    expect(two.forPool(pool('a'))?.uid).toBe(53_001);
  });

  asRoot('of the listeners change when another living instance has theirs, which is remembered', () => {
    const first = identities();
    expect(first.forListeners()).toMatchObject({ uid: 53_000, formerUid: null });
    first.close();
    writeFileSync(join(folder, 'leases', '53000'), leaseOfInit());
    for (let start = 0; start < 2; start += 1) {
      const next = identities();
      expect(next.forListeners()).toMatchObject({ uid: 53_001, formerUid: 53_000 });
      expect(next.forPool(pool('a'))?.uid).toBe(53_002);
      next.close();
    }
  });

  asRoot('skip ids with folders that are still there, until those are removed', async () => {
    mkdirSync(join(folder, 'state', 'pools', 'old-53000'), { recursive: true });
    expect(identities().forPool(pool('new'))?.uid).toBe(53_001);
    rmSync(join(folder, 'state', 'pools', 'old-53000'), { recursive: true });
    expect(identities().forPool(pool('newer'))?.uid).toBe(53_000);
  });

  asRoot('run out with a message, not with a shared id', async () => {
    const two = identities({ last: 53_001 });
    two.forPool(pool('a'));
    two.forPool(pool('b'));
    expect(() => two.forPool(pool('c'))).toThrow('no free user id is left in identityRange 53000-53001');
  });

  asRoot('are none at isolation process and for a run without isolation', async () => {
    expect(identities().forPool(pool('a', { isolation: 'process' }))).toBeNull();
    const none = identities({ isolate: false });
    expect([none.forPool(pool('a')), none.forListeners()]).toEqual([null, null]);
  });

  asRoot('may be a named user, who is not exclusive', async () => {
    const named = identities().forPool(pool('a', { userName: 'nobody' }));
    expect(named).toMatchObject({ userName: 'nobody', exclusive: false });
    expect(() => identities().forPool(pool('a', { userName: 'no-such-user' }))).toThrow('no user no-such-user');
  });

  asRoot('refuse a damaged map instead of handing out ids again', async () => {
    mkdirSync(join(folder, 'state'), { recursive: true });
    for (const text of ['{', '[]', '{"pool:a":"53000"}', '{"pool:a":0}']) {
      writeFileSync(join(folder, 'state', 'identities.json'), text);
      expect(() => identities()).toThrow('identities.json');
    }
  });
});

describe('leases', () => {
  asRoot('of dead owners are taken over, those of the living are not', async () => {
    const place = join(folder, 'leases');
    mkdirSync(place);
    writeFileSync(join(place, '53000'), '4194300 12345\n');
    writeFileSync(join(place, '53001'), 'nonsense');
    writeFileSync(join(place, '53002'), `${process.pid} 1\n`);
    writeFileSync(
      join(place, '53003'),
      readFileSync('/proc/1/stat', 'latin1').replace(/^(\d+) .*\) (?:\S+ ){19}(\d+) [\s\S]*$/, '$1 $2\n'),
    );
    writeFileSync(join(place, '53004'), '4194300 12345\n');
    const leases = createLeases(place);
    expect([53_000, 53_001, 53_002, 53_003].map((id) => leases.take(id))).toEqual([true, true, true, false]);
    // What this server knows of an earlier life, and a living one has: only the first goes.
    leases.releaseAll([53_003, 53_004, 53_005]);
    expect(readdirSync(place)).toEqual(['53003']);
  });
});
