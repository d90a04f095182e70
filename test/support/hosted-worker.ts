/** An in-process worker without a supervisor: the real host, a link socket, and a control pipe nobody judges. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { linkProtocolVersion } from '../../config/base/limits.js';
import { type HostStartData, hostStartVariable } from '../../pools/protocol/primary-to-host.js';
import type { UpstreamEndpoint } from '../../pools/protocol/snapshot.js';
import { createLinkSocket, type LinkSocket } from '../../pools/runtimes/in-process/link-socket.js';
import { repository } from './paths.js';
import { removeFolder, tempFolder } from './temp-folder.js';
import { until, within } from './time.js';

export const hostFile = join(repository, 'dist/pools/runtimes/in-process/host.cjs');

export interface HostedOptions {
  readonly nodePath?: string;
  readonly execArgv?: readonly string[];
  readonly path?: HostStartData['path'];
  readonly env?: Readonly<Record<string, string>>;
}

export class HostedWorker {
  readonly endpoint: UpstreamEndpoint;
  readonly child: ChildProcess;
  /** What the host said on the control pipe, raw. */
  controlText = '';
  readonly #folder: string;
  readonly #socket: LinkSocket;

  private constructor(entry: string, options: HostedOptions) {
    this.#folder = tempFolder('h');
    this.#socket = createLinkSocket(this.#folder, null);
    const token = 'test-link-token';
    this.endpoint = { kind: 'link', socketPath: this.#socket.path, linkToken: token };
    const start: HostStartData = {
      compileCache: '',
      protocol: linkProtocolVersion,
      linkToken: token,
      slot: 1,
      poolName: 'pool',
      appPort: 0,
      envPort: 8080,
      watchdog: false,
      path: options.path ?? 'auto',
    };
    this.child = spawn(
      options.nodePath ?? process.execPath,
      [...(options.execArgv ?? []), '--require', hostFile, entry],
      {
        stdio: ['ignore', 'inherit', 'inherit', 'pipe', this.#socket.fd],
        env: { ...options.env, PORT: '8080', [hostStartVariable]: JSON.stringify(start) },
      },
    );
    this.child.stdio[3]?.on('data', (chunk: Buffer) => {
      if (this.controlText.length < 65_536) this.controlText += chunk.toString('latin1');
    });
  }

  /** Resolves when the app listens. */
  static async start(entry: string, options: HostedOptions = {}): Promise<HostedWorker> {
    const worker = new HostedWorker(entry, options);
    await until('the hosted app listens', () => worker.controlText.includes('"listening"'), {
      everyMs: 5,
      state: () => worker.controlText,
    });
    return worker;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async kill(): Promise<void> {
    if (this.isAlive) {
      const exited = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
      this.child.kill('SIGKILL');
      await within(20_000, 'the worker ends', exited);
    }
    this.#socket.close();
    removeFolder(this.#folder);
  }
}
