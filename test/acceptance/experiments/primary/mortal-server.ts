/** A server that dies and is started again: two pools, one for each way of hosting, whose apps leave a process of their own. */
import net from 'node:net';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { outOfProcess } from '../../../support/hosting.js';
import { call } from '../../../support/http-client.js';
import { instanceOf } from '../../../../pools/runtimes/cgroups/cgroups.js';
import { groupsLeft, leasesLeft, type Marks, processesLeft } from '../../../support/leftovers.js';
import { canSwitchUsers } from '../../../support/paths.js';
import {
  type LifeOptions,
  type Settings,
  type Sluice,
  type SluiceOptions,
  startAgain,
  startSluice,
} from '../../../support/sluice.js';
import { removeFolder, tempFolder } from '../../../support/temp-folder.js';
import { monotonicMs, until } from '../../../support/time.js';

interface BoundHandle {
  readonly fd: number;
  close(): void;
}

type CreateHandle = (address: string, port: number, type: 6, fd: undefined, flags: 0) => BoundHandle;

/**
 * Answers `edition N`, after `ms` where the path asks for it, and leaves a process of its own behind. With user ids
 * nothing that it starts can hide; without them it must stay in its session.
 */
export const editionApp = `
require('node:child_process').spawn('sleep', ['1000'], { detached: ${canSwitchUsers()}, stdio: 'ignore' }).unref();
require('node:http')
  .createServer((request, response) => {
    const ms = Number(new URL(request.url, 'http://localhost').searchParams.get('ms') ?? 0);
    setTimeout(() => response.end('edition ' + process.env.EDITION), ms);
  })
  .listen(process.env.PORT);
`;

/** Ids that no other server of the machine has. */
const firstUser = 1_000_000;
const usersOfOne = 16;
const serversOfOne = 8;
let made = 0;

export interface MortalOptions {
  readonly source?: string;
  readonly server?: Settings;
  /** Of both pools. */
  readonly pool?: Settings;
  readonly hosting?: Settings;
  /** Of the pool `out` alone. */
  readonly outHosting?: Settings;
}

export const bothPools = ['in', 'out'] as const;
export type PoolName = (typeof bothPools)[number];

export function pathOf(pool: PoolName): string {
  return pool === 'in' ? '/' : '/out/';
}

export class MortalServer {
  /** What the apps and their children have as working folder. */
  readonly apps = tempFolder('apps');
  readonly #options: SluiceOptions;
  readonly #marks: { readonly folders: string[]; readonly users: Marks['users']; readonly primaries: number[] };
  /** By which its control groups are told apart; a run folder that is made anew is another. */
  readonly #instances = new Set<string>();
  readonly #descriptors: number[] = [];
  readonly #sockets: BoundHandle[] = [];
  #edition = 1;
  #life: Sluice | null = null;

  constructor(more: MortalOptions = {}) {
    writeFileSync(join(this.apps, 'index.js'), more.source ?? editionApp);
    made += 1;
    const first = firstUser + ((process.pid * serversOfOne + (made % serversOfOne)) % 1_000_000) * usersOfOne;
    const users = { first, last: first + usersOfOne - 1 };
    this.#marks = { folders: [this.apps], users, primaries: [] };
    const environmentVariables = [{ name: 'EDITION', value: '1' }];
    const inProcess = more.hosting === undefined ? {} : { hosting: more.hosting };
    const program = outOfProcess('index.js', { ...more.hosting, ...more.outHosting });
    this.#options = {
      server: { identityRange: users, admin: { listen: 'none' }, ...more.server },
      applicationPools: bothPools.map((name) => ({ name, environmentVariables, ...more.pool })),
      applications: [
        { path: '/', applicationPool: 'in', physicalPath: this.apps, ...inProcess },
        { path: '/out', applicationPool: 'out', physicalPath: this.apps, ...program },
      ],
    };
  }

  get life(): Sluice {
    if (this.#life === null) throw new Error('it was never started');
    return this.#life;
  }

  get edition(): number {
    return this.#edition;
  }

  /** From now on lives get the listening socket passed on, as from a service manager: this process keeps it open. */
  async startActivated(): Promise<number> {
    if (this.#sockets.length === 0) {
      const create = Reflect.get(net, '_createServerHandle') as CreateHandle;
      const { sites: _, applications = [], ...rest } = this.#options;
      Object.assign(this.#options, rest, {
        sites: (port: number) => {
          const handle = create('::', port, 6, undefined, 0);
          this.#sockets.push(handle);
          this.#descriptors.splice(0, 1, handle.fd);
          return [{ name: 'main', bindings: [{ protocol: 'http', bindingInformation: `*:${port}:` }], applications }];
        },
      });
    }
    const through = ['/bin/sh', '-c', 'export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@"', 'sh'] as const;
    return this.start({ through, descriptors: this.#descriptors });
  }

  /** The next life, in a session of its own. @returns ms until it is ready. */
  async start(
    life: LifeOptions & { readonly through?: SluiceOptions['through']; readonly waitUntilReady?: boolean } = {},
  ): Promise<number> {
    const { through, waitUntilReady = true, ...process } = life;
    const options: SluiceOptions = {
      ...this.#options,
      waitUntilReady,
      process: { ...process, detached: true },
      ...(through === undefined ? {} : { through }),
    };
    const startedMs = monotonicMs();
    this.#life = this.#life === null ? await startSluice(options) : await startAgain(this.#life, options);
    this.#marks.primaries.push(this.#life.pid);
    if (!this.#marks.folders.includes(this.#life.folder)) this.#marks.folders.push(this.#life.folder);
    return monotonicMs() - startedMs;
  }

  /** Both pools answer with the configuration's edition. */
  async serves(withinMs = 60_000): Promise<void> {
    for (const path of bothPools.map(pathOf)) {
      let last = '';
      await until(
        `${path} answers with edition ${this.#edition}`,
        async () => {
          last = await call(this.life.port, path, { limitMs: 10_000 }).then(
            ({ status, text }) => (status === 200 ? text : `${status} ${text.slice(0, 200)}`),
            String,
          );
          return last === `edition ${this.#edition}`;
        },
        { withinMs, state: () => `${last}\n${this.life.output().slice(-3_000)}` },
      );
    }
  }

  async isReady(): Promise<boolean> {
    const answer = await call(this.life.adminSocket, '/readyz', { limitMs: 2_000 }).catch(() => null);
    return answer?.status === 200;
  }

  /** A request to each pool, whose answers nobody waits for. */
  visit(): void {
    for (const pool of bothPools) call(this.life.port, pathOf(pool)).catch(() => undefined);
  }

  /** A new edition for both pools, saved as editors save. */
  change(more: (pool: Record<string, unknown>) => void = () => undefined): void {
    this.#edition += 1;
    this.edit((pool) => {
      pool['environmentVariables'] = [{ name: 'EDITION', value: String(this.#edition) }];
      more(pool);
    });
  }

  edit(change: (pool: Record<string, unknown>) => void): void {
    const document = JSON.parse(readFileSync(this.life.file, 'utf8')) as {
      applicationPools: Record<string, unknown>[];
    };
    document.applicationPools.forEach(change);
    writeFileSync(`${this.life.file}.next`, JSON.stringify(document));
    renameSync(`${this.life.file}.next`, this.life.file);
  }

  order(action: 'recycle' | 'stop' | 'start', pool: string): void {
    call(this.life.adminSocket, `/api/v1/pools/${pool}/${action}`, { method: 'POST' }).catch(() => undefined);
  }

  /** @returns ms from now until nothing of it runs and its control groups are empty. */
  async whenNothingIsLeft(): Promise<number> {
    this.groups();
    const startedMs = monotonicMs();
    const left = (): string[] => [
      ...processesLeft(this.#marks),
      ...this.groups().filter((one) => !one.endsWith(': 0')),
    ];
    await until('nothing is left', () => left().length === 0, {
      withinMs: 30_000,
      everyMs: 10,
      state: () => left().join('\n'),
    });
    return monotonicMs() - startedMs;
  }

  groups(): string[] {
    const run = join(this.life.folder, 'run');
    if (existsSync(run)) this.#instances.add(instanceOf(run));
    return [...this.#instances].flatMap(groupsLeft);
  }

  leases(): string[] {
    return leasesLeft(this.#marks.primaries);
  }

  /** What the apps run, and what that started, wherever it went. */
  appProcesses(): string[] {
    return processesLeft({ folders: [this.apps], users: { first: 0, last: -1 }, primaries: [] });
  }

  async kill(): Promise<void> {
    await this.#life?.kill();
    for (const socket of this.#sockets) socket.close();
    removeFolder(this.apps);
  }
}
