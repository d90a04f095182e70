/**
 * Starts one in-process worker as the primary does (control pipe on descriptor 3, bound link socket on
 * descriptor 4) without any listener or primary, for tests of the host alone.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { HostToPrimary } from '../../pools/protocol/host-to-primary.js';
import { type HostStartData, hostStartVariable, type PrimaryToHost } from '../../pools/protocol/primary-to-host.js';
import { repository } from './paths.js';
import { removeFolder, tempFolder } from './temp-folder.js';
import { until } from './time.js';

export const hostBundle = join(repository, 'dist', 'pools', 'runtimes', 'in-process', 'host.cjs');
const token = 'token-of-a-test';

interface BoundHandle {
  readonly fd: number;
  close(): void;
}

type CreateServerHandle = (path: string, port: -1, type: -1, fd: undefined, flags: 0) => BoundHandle | number;

export interface HostedOptions {
  readonly entry: string;
  readonly args?: readonly string[];
  readonly node?: string;
  readonly nodeArgs?: readonly string[];
  readonly path?: HostStartData['path'];
  readonly appPort?: number;
  readonly envPort?: number;
  readonly slot?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export class HostedApp {
  readonly child: ChildProcess;
  readonly socketPath: string;
  readonly messages: HostToPrimary[] = [];
  stdout = '';
  stderr = '';
  exit: { readonly code: number | null; readonly signal: string | null } | null = null;
  readonly #control: Duplex;
  readonly #folder: string;
  /** Kept: closing it removes the socket's file. */
  readonly #bound: BoundHandle;
  #received = Buffer.alloc(0);

  constructor(child: ChildProcess, socketPath: string, folder: string, bound: BoundHandle) {
    this.#bound = bound;
    this.child = child;
    this.socketPath = socketPath;
    this.#folder = folder;
    this.#control = child.stdio[3] as Duplex;
    this.#control.on('data', (bytes: Buffer) => this.#read(bytes));
    this.#control.on('error', () => undefined);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    child.once('close', (code, signal) => {
      this.exit = { code, signal };
    });
  }

  static readonly token = token;

  static start(options: HostedOptions): HostedApp {
    if (!existsSync(hostBundle)) throw new Error(`${hostBundle} is missing: npm run build`);
    const folder = tempFolder();
    const socketPath = join(folder, 'link.sock');
    const create = (net as unknown as { readonly _createServerHandle: CreateServerHandle })._createServerHandle;
    const bound = create(socketPath, -1, -1, undefined, 0);
    if (typeof bound === 'number') throw new Error(`cannot bind ${socketPath}: ${bound}`);
    const start: HostStartData = {
      compileCache: '',
      protocol: 1,
      linkToken: token,
      slot: options.slot ?? 1,
      poolName: 'test',
      appPort: options.appPort ?? 0,
      envPort: options.envPort ?? 18_080,
      path: options.path ?? 'auto',
      watchdog: true,
    };
    const args = [...(options.nodeArgs ?? []), '--require', hostBundle, options.entry, ...(options.args ?? [])];
    const child = spawn(options.node ?? process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', bound.fd, 'pipe'],
      env: { ...cleanEnvironment(), ...options.env, [hostStartVariable]: JSON.stringify(start) },
    });
    return new HostedApp(child, socketPath, folder, bound);
  }

  #read(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    while (this.#received.length >= 4) {
      const size = this.#received.readUInt32BE(0);
      if (this.#received.length < 4 + size) return;
      this.messages.push(JSON.parse(this.#received.toString('utf8', 4, 4 + size)) as HostToPrimary);
      this.#received = this.#received.subarray(4 + size);
    }
  }

  send(message: PrimaryToHost): void {
    const json = Buffer.from(JSON.stringify(message));
    const prefix = Buffer.alloc(4);
    prefix.writeUInt32BE(json.length);
    this.#control.write(Buffer.concat([prefix, json]));
  }

  /** Ends the control pipe as a dying primary does. */
  dropControl(): void {
    this.#control.destroy();
  }

  find<T extends HostToPrimary['type']>(type: T): Extract<HostToPrimary, { readonly type: T }> | undefined {
    return this.messages.find((one): one is Extract<HostToPrimary, { readonly type: T }> => one.type === type);
  }

  message<T extends HostToPrimary['type']>(type: T): Promise<Extract<HostToPrimary, { readonly type: T }>> {
    return until(`message ${type}`, () => this.find(type), { everyMs: 5, state: () => this.describe() });
  }

  exited(): Promise<{ readonly code: number | null; readonly signal: string | null }> {
    return until('exit of the worker', () => this.exit, { everyMs: 5, state: () => this.describe() });
  }

  describe(): string {
    const messages = this.messages.filter((one) => one.type !== 'heartbeat');
    return `messages ${JSON.stringify(messages)}\nexit ${JSON.stringify(this.exit)}\n${this.stdout}\n${this.stderr}`;
  }

  async stop(): Promise<void> {
    if (this.exit === null) this.child.kill('SIGKILL');
    await this.exited();
    this.#bound.close();
    removeFolder(this.#folder);
  }
}

/** What jest sets for itself is not for the apps. */
export function cleanEnvironment(): Record<string, string | undefined> {
  const { NODE_OPTIONS: _options, NODE_UNIQUE_ID: _id, JEST_WORKER_ID: _worker, ...rest } = process.env;
  return rest;
}
