import { expect, test } from '@jest/globals';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cgroups, createCgroups } from '../../../pools/runtimes/cgroups/cgroups.js';
import { WorkerGroup } from '../../../pools/runtimes/cgroups/worker-group.js';
import { ManualClock } from '../../support/manual-clock.js';
import { samplePool } from '../../support/sample-pools.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** Plain folders that stand for the kernel's trees; `trees` are lines of mountinfo and of /proc/self/cgroup. */
function on(
  folders: readonly (readonly [name: string, type: 'cgroup' | 'cgroup2', options: string])[],
  body: (groups: Cgroups, root: string, clock: ManualClock) => void,
): void {
  const clock = new ManualClock();
  const root = tempFolder('cg');
  try {
    for (const [name, type] of folders) {
      mkdirSync(join(root, name));
      if (type === 'cgroup2') writeFileSync(join(root, name, 'cgroup.controllers'), 'cpuset cpu io memory pids');
    }
    const mountinfo = folders.map(([name, type, options]) => `1 1 0:1 / ${join(root, name)} rw - ${type} x ${options}`);
    const sources = { mountinfo: mountinfo.join('\n'), ownGroups: '0::/' };
    // The kernel makes these files in each new group.
    if (folders.length === 1) {
      const parent = join(root, 'all', 'sluice-d2cd8dfa');
      mkdirSync(parent);
      writeFileSync(join(parent, 'cgroup.controllers'), 'cpu memory pids');
    }
    body(createCgroups({ runDir: '/run/x', clock, logger: quiet, sources }), root, clock);
  } finally {
    removeFolder(root);
  }
}

const pool = samplePool('shop', {
  cpu: { limit: 50_000, action: 'ThrottleUnderLoad', resetIntervalMs: 1, affinityMask: null },
  resources: { ...samplePool('x').resources, memoryMaxBytes: 1_000_000, pidsMax: 7 },
});

test('without any hierarchy there are no groups', () => {
  on([], (groups) => {
    expect(groups.mode).toBe('none');
    expect(groups.open(pool)).toBeNull();
    expect(groups.usage('shop')).toBeNull();
    expect(groups.about()).toMatchObject({ mode: 'none' });
  });
});

const first = [
  ['memory', 'cgroup', 'rw,memory'],
  ['cpu', 'cgroup', 'rw,cpu,cpuacct'],
  ['pids', 'cgroup', 'rw,pids'],
] as const;

test.each([
  ['v1', first],
  ['hybrid', [...first, ['unified', 'cgroup2', 'rw'] as const]],
] as const)('%s: limits are written in the words of version 1', (mode, folders) => {
  on(folders, (groups, root) => {
    expect(groups.mode).toBe(mode);
    expect(groups.open(pool)).not.toBeNull();
    const start = groups.starts.find((one) => one.includes('/memory/')) ?? '';
    const name = start.slice(join(root, 'memory').length + 1);
    const read = (tree: string, file: string): string => readFileSync(join(root, tree, `${name}shop`, file), 'latin1');
    expect(read('memory', 'memory.limit_in_bytes')).toBe('1000000');
    expect(read('cpu', 'cpu.shares')).toBe('512');
    expect(read('cpu', 'cpu.cfs_quota_us')).toBe('-1');
    expect(read('pids', 'pids.max')).toBe('7');
    groups.configure([{ ...pool, resources: { ...pool.resources, memoryMaxBytes: null } }]);
    expect(read('memory', 'memory.limit_in_bytes')).toBe('-1');
  });
});

test('v2: every controller is handed on, and limits are written in the words of version 2', () => {
  on([['all', 'cgroup2', 'rw']], (groups, root) => {
    expect(groups.mode).toBe('v2');
    expect(['memory', 'cpu', 'pids'].map((one) => groups.limits(one as 'memory'))).toEqual([true, true, true]);
    expect(groups.open(pool)).not.toBeNull();
    const read = (file: string): string => readFileSync(join(root, 'all/sluice-d2cd8dfa/shop', file), 'latin1');
    expect(read('cgroup.subtree_control')).toBe('+memory +cpu +pids');
    expect([read('memory.max'), read('memory.high'), read('pids.max')]).toEqual(['1000000', 'max', '7']);
    expect([read('cpu.weight'), read('cpu.max')]).toEqual(['50', 'max 100000']);
    groups.enterServer();
    expect(readFileSync(join(root, 'all/sluice-d2cd8dfa/-server/cpu.weight'), 'latin1')).toBe('400');
  });
});

test('the end of a worker waits for the dead of a fork bomb, which count until they are reaped', async () => {
  const folder = tempFolder('cg');
  const clock = new ManualClock();
  const hierarchy = { version: 2, controllers: ['pids'], parent: folder, prefix: '' } as const;
  const group = new WorkerGroup([{ hierarchy, folder }], 'w1', clock, quiet);
  const unreaped = join(folder, 'w1', 'pids.current');
  const turn = async (): Promise<void> => {
    clock.advance(10);
    await Promise.resolve();
  };
  writeFileSync(unreaped, '125\n');
  let ended = false;
  const end = group.end().then(() => {
    ended = true;
  });
  for (let turns = 0; turns < 100; turns += 1) await turn();
  expect(ended).toBe(false);
  writeFileSync(unreaped, '3\n');
  for (let turns = 0; turns < 10; turns += 1) await turn();
  await end;
  removeFolder(folder);
});

test('what the kernel says of waiting is read anew after a while only', () => {
  on([...first, ['unified', 'cgroup2', 'rw']], (groups, root, clock) => {
    expect(groups.open(pool)).not.toBeNull();
    const start = groups.starts.find((one) => one.startsWith(join(root, 'unified'))) ?? '';
    const wait = (us: number): void => writeFileSync(`${start}shop/cpu.pressure`, `some avg10=0.00 total=${us}\n`);
    wait(5);
    expect([...groups.stalled('shop')]).toEqual([['cpu', 5]]);
    wait(6);
    clock.advance(8_999);
    expect([...groups.stalled('shop')]).toEqual([['cpu', 5]]);
    clock.advance(1);
    expect([...groups.stalled('shop')]).toEqual([['cpu', 6]]);
  });
});
