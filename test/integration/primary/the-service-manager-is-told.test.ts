import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { python3 } from '../../support/find-program.js';
import { testNeeding } from '../../support/needs.js';
import { app, repository } from '../../support/paths.js';
import { run, startProgram } from '../../support/program.js';
import { type Sluice, type SluiceOptions, withSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';

const manager = join(app('service-manager'), 'manager.py');
const pools = {
  applicationPools: [{ name: 'shop' }],
  applications: [{ path: '/', applicationPool: 'shop', physicalPath: app('plain') }],
};

interface Told {
  readonly pid: number;
  readonly message: readonly string[];
}

/** A service manager that prints what it is told, and a server that may tell it in the way of `how`. */
async function managed(
  how: (socket: string) => SluiceOptions,
  body: (sluice: Sluice, told: (word: string) => Promise<Told>, all: () => readonly Told[]) => Promise<void>,
): Promise<void> {
  const folder = tempFolder();
  const socket = join(folder, 'notify');
  const program = startProgram(python3, [manager, 'listen', socket], { cwd: folder });
  const lines = (): string[] => program.output().split('\n').slice(0, -1);
  const all = (): Told[] => lines().map((line) => JSON.parse(line) as Told);
  const told = (word: string): Promise<Told> =>
    until(`told ${word}`, () => all().find(({ message }) => message.includes(word)), { state: () => program.output() });
  try {
    await told('listening');
    await withSluice({ ...pools, ...how(socket) }, (sluice) => body(sluice, told, all));
    await told('STOPPING=1');
  } finally {
    await program.stop('SIGKILL', 10_000);
    removeFolder(folder);
  }
}

testNeeding('python3')('ready, reloading, beating and stopping, all in the name of the primary', async () => {
  const how = (socket: string): SluiceOptions => ({
    through: [python3, manager, 'run', socket],
    process: { env: { WATCHDOG_USEC: '200000' } },
  });
  await managed(how, async (sluice, told, all) => {
    const ready = await told('READY=1');
    expect(ready).toEqual({ pid: sluice.pid, message: ['READY=1', 'STATUS=serving 1 sites from 1 pools'] });
    expect((await told('WATCHDOG=1')).pid).toBe(sluice.pid);
    const before = all().length;
    process.kill(sluice.pid, 'SIGHUP');
    await told('RELOADING=1');
    const later = await until('ready again', () =>
      all()
        .slice(before)
        .find(({ message }) => message[0] === 'READY=1'),
    );
    expect(later.pid).toBe(sluice.pid);
    // Its descriptor is no listening socket, and nothing to complain about.
    expect(sluice.output()).not.toMatch(/passed-socket-unusable|service-manager-not-told/);
  });
});

testNeeding('python3', 'systemd-notify')('without the descriptor systemd-notify tells it', async () => {
  const how = (socket: string): SluiceOptions => ({ process: { env: { NOTIFY_SOCKET: socket } } });
  await managed(how, async (_sluice, told) => {
    expect((await told('READY=1')).message).toEqual(['READY=1', 'STATUS=serving 1 sites from 1 pools']);
  });
});

testNeeding('python3')('a service manager that is gone is told of once, and the server serves', async () => {
  const options = { ...pools, process: { env: { NOTIFY_SOCKET: '/nonexistent/notify', WATCHDOG_USEC: '100000' } } };
  await withSluice(options, async (sluice) => {
    await until('it is logged', () => sluice.output().includes('service-manager-not-told'));
    expect((await sluice.call('/')).status).toBe(200);
    expect(sluice.output().match(/service-manager-not-told/g)).toHaveLength(1);
  });
});

testNeeding('systemd-analyze')('the units are what systemd understands', async () => {
  const folder = tempFolder();
  try {
    const units = ['sluice.service', 'sluice.socket'];
    // Beside the system's own: systemd-analyze looks for a unit's neighbours in its folder.
    for (const unit of units) copyFileSync(join(repository, 'deploy', 'systemd', unit), join(folder, unit));
    const { code, output } = await run('systemd-analyze', ['verify', ...units.map((unit) => join(folder, unit))]);
    // Systemd 252 does not know it yet.
    const lines = output.split('\n').filter((line) => line !== '' && !line.includes("'OpenFile'"));
    expect({ code, lines }).toEqual({ code: 0, lines: [] });
  } finally {
    removeFolder(folder);
  }
});
