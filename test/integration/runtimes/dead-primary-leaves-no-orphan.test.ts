import { describe, expect, test } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createJournal, killLeftovers } from '../../../pools/runtimes/journal.js';
import { allProcesses, cpuSeconds, isAlive, processStat, statusNumber } from '../../support/processes.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { testNeeding } from '../../support/needs.js';
import { until } from '../../support/time.js';
import { misbehaving } from './harness.js';

interface Started {
  readonly pid: number;
  readonly folder: string;
  readonly runDir: string;
}

const script = join(dirname(fileURLToPath(import.meta.url)), 'dying-primary.js');

async function startPrimary(
  ...args: readonly string[]
): Promise<{ readonly primary: ChildProcess; readonly started: Started }> {
  const primary = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  primary.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await until('the primary has a ready worker', () => output.includes('\n'), { withinMs: 60_000, state: () => output });
  return { primary, started: JSON.parse(output) as Started };
}

function guardianOf(primary: number): number | null {
  const mark = 'sluice-guardian';
  const found = allProcesses().find((p) => {
    return p.parent === primary && readCommand(p.pid).includes(mark);
  });
  return found?.pid ?? null;
}

function readCommand(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

/** Only for ids from identityRange: everything that runs as such a user belongs to the test. */
function ofUser(uid: number | null): number[] {
  if (uid === null || uid < 52_000) throw new Error(`user ${uid} is not one of the test`);
  return allProcesses()
    .map((p) => p.pid)
    .filter((pid) => isAlive(pid) && statusNumber(pid, 'Uid') === uid);
}

const others = testNeeding('other users');

describe('SIGKILL of the primary', () => {
  test('ends its workers and their group', async () => {
    const { primary, started } = await startPrimary('same-user');
    const group = (): number[] =>
      allProcesses()
        .filter((p) => p.group === started.pid && isAlive(p.pid))
        .map((p) => p.pid);
    await until('worker and grandchild run', () => group().length >= 2);
    primary.kill('SIGKILL');
    await until('nothing of the group is left', () => group().length === 0, { state: () => group().join(' ') });
    expect(isAlive(started.pid)).toBe(false);
    removeFolder(started.folder);
  });

  others('reaches other users too, also grandchildren in sessions of their own', async () => {
    const apps = tempFolder('apps');
    cpSync(misbehaving, apps, { recursive: true });
    const { primary, started } = await startPrimary('isolate', apps);
    const uid = statusNumber(started.pid, 'Uid');
    expect(uid).not.toBe(0);
    await until('all of them run', () => ofUser(uid).length >= 4);
    primary.kill('SIGKILL');
    await until('nothing of the pool user is left', () => ofUser(uid).length === 0, {
      state: () => ofUser(uid).join(' '),
    });
    removeFolder(started.folder);
    removeFolder(apps);
  });

  others('reaches those that kill the one that would kill them', async () => {
    const apps = tempFolder('apps');
    cpSync(misbehaving, apps, { recursive: true });
    const { primary, started } = await startPrimary('isolate', apps, 'fights-its-end.sh');
    const uid = statusNumber(started.pid, 'Uid');
    await until('the fighter runs', () => ofUser(uid).length >= 2);
    // The guardian comes when the fight has begun.
    const guardian = guardianOf(primary.pid ?? -1) ?? -1;
    process.kill(guardian, 'SIGSTOP');
    primary.kill('SIGKILL');
    await until('it fights', () => !isAlive(started.pid) && cpuSeconds(ofUser(uid)) > 0.1);
    spawn('/bin/sh', ['-c', `sleep 0.3; kill -s CONT ${guardian}`], { stdio: 'ignore' });
    // What the next start of this instance does first waits for that guardian, in one blocking call.
    expect(killLeftovers(started.runDir)).toEqual([]);
    expect({ guardian: isAlive(guardian), left: ofUser(uid) }).toEqual({ guardian: false, left: [] });
    removeFolder(started.folder);
    removeFolder(apps);
  });

  others('the parent-death signal alone does it for direct children, across the change of user', async () => {
    const apps = tempFolder('apps');
    cpSync(misbehaving, apps, { recursive: true });
    const { primary, started } = await startPrimary('isolate', apps);
    const uid = statusNumber(started.pid, 'Uid');
    const guardian = guardianOf(primary.pid ?? -1);
    expect(guardian).not.toBeNull();
    // Without its guardian, and without time to start another one.
    process.kill(primary.pid ?? -1, 'SIGSTOP');
    process.kill(guardian ?? -1, 'SIGKILL');
    primary.kill('SIGKILL');
    await until('the worker is gone', () => !isAlive(started.pid));
    // What the guardian would have ended: the group by the journal, the rest by its user.
    killLeftovers(started.runDir);
    await until('nobody of the pool is left', () => {
      const left = ofUser(uid);
      for (const pid of left) process.kill(pid, 'SIGKILL');
      return left.length === 0;
    });
    removeFolder(started.folder);
    removeFolder(apps);
  });
});

describe('the journal', () => {
  test('lets the next start kill what is left, and nothing that only has the same pid', async () => {
    const folder = tempFolder('journal');
    const left = spawn('/bin/sleep', ['1000'], { stdio: 'ignore', detached: true });
    const other = spawn('/bin/sleep', ['1000'], { stdio: 'ignore', detached: true });
    const finished = spawn('/bin/sleep', ['1000'], { stdio: 'ignore', detached: true });
    const pids = [left, other, finished].map((child) => child.pid ?? -1);
    const journal = createJournal(folder);
    for (const pid of pids) journal.add(pid);
    journal.remove(pids[2] ?? -1);
    const file = join(folder, 'workers.journal');
    const text = readFileSync(file, 'latin1');
    const otherStart = processStat(pids[1] ?? -1)?.startTicks;
    writeFileSync(file, text.replace(`+${pids[1]} ${otherStart}`, `+${pids[1]} 12345`));
    expect(killLeftovers(folder)).toEqual([pids[0]]);
    await until('the leftover is gone', () => !isAlive(pids[0] ?? -1));
    expect(isAlive(pids[1] ?? -1)).toBe(true);
    expect(isAlive(pids[2] ?? -1)).toBe(true);
    other.kill('SIGKILL');
    finished.kill('SIGKILL');
    removeFolder(folder);
  });

  test('of another boot is not believed', async () => {
    const folder = tempFolder('journal');
    const child = spawn('/bin/sleep', ['1000'], { stdio: 'ignore', detached: true });
    const journal = createJournal(folder);
    journal.add(child.pid ?? -1);
    const file = join(folder, 'workers.journal');
    writeFileSync(file, readFileSync(file, 'latin1').replace(/^.*\n/, '00000000-0000-0000-0000-000000000000\n'));
    expect(killLeftovers(folder)).toEqual([]);
    expect(isAlive(child.pid ?? -1)).toBe(true);
    child.kill('SIGKILL');
    removeFolder(folder);
  });
});
