/** A server whose primary is replaced: its processes outlive the one that was started, and are ended by the lock's word. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { outOfProcess } from './hosting.js';
import { callJson } from './http-client.js';
import { echoApp } from './mixed-load.js';
import { sluiceMain } from './paths.js';
import { isAlive } from './processes.js';
import { type ProgramExit, run } from './program.js';
import { RawClient, webSocketHandshake } from './raw-client.js';
import { type Sluice, type SluiceOptions, startSluice } from './sluice.js';
import { removeFolder, tempFolder } from './temp-folder.js';
import { until } from './time.js';

/** The echo of the load, and tunnels that give back what they get. */
const source = `
const http = require('node:http');
const { createServer } = http;
http.createServer = (...args) => createServer(...args).on('upgrade', (request, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n\\r\\n');
  socket.on('error', () => socket.destroy()).pipe(socket);
});
${echoApp}`;

const handshake = webSocketHandshake('/');

export class UpgradedServer {
  readonly sluice: Sluice;
  readonly #apps: string;
  readonly #primaries: number[];

  private constructor(sluice: Sluice, apps: string) {
    this.sluice = sluice;
    this.#apps = apps;
    this.#primaries = [sluice.pid];
  }

  /** The app at / in-process and at /out/ out-of-process, over HTTP/1.1 and HTTP/2. */
  static async start(options: SluiceOptions = {}): Promise<UpgradedServer> {
    const apps = tempFolder('apps');
    writeFileSync(join(apps, 'index.js'), source);
    const sluice = await startSluice({
      ...options,
      server: { watch: false, shutdownTimeLimit: '00:01:00' },
      applicationPools: options.applicationPools ?? [{ name: 'in' }, { name: 'out' }],
      sites: (port) => [
        {
          name: 'main',
          bindings: [{ protocol: 'http', bindingInformation: `*:${port}:`, http2: true }],
          applications: [
            { path: '/', applicationPool: 'in', physicalPath: apps },
            { path: '/out', applicationPool: 'out', physicalPath: apps, ...outOfProcess('index.js') },
          ],
        },
      ],
    });
    return new UpgradedServer(sluice, apps);
  }

  async upgrade(): Promise<ProgramExit & { readonly output: string }> {
    const done = await run(process.execPath, [sluiceMain, 'upgrade', '--admin', this.sluice.adminSocket], {
      limitMs: 150_000,
    });
    await this.primary();
    return done;
  }

  /** The one that answers on the admin socket. */
  async primary(): Promise<number> {
    const answer = (await callJson(this.sluice.adminSocket, '/api/v1/node/upgrade')) as { primary: number };
    const now = answer.primary;
    if (!this.#primaries.includes(now)) this.#primaries.push(now);
    return now;
  }

  lockOwner(): number {
    return Number.parseInt(readFileSync(join(this.sluice.folder, 'run', 'sluice.lock'), 'latin1'), 10);
  }

  /** Those before the last, that have not ended yet. */
  draining(): number[] {
    return this.#primaries.slice(0, -1).filter((pid) => isAlive(pid));
  }

  async tunnels(count: number): Promise<Tunnels> {
    const clients = await Promise.all(Array.from({ length: count }, () => RawClient.connect(this.sluice.port)));
    for (const client of clients) client.send(handshake);
    await Promise.all(clients.map((client) => client.receives('101 ')));
    return new Tunnels(clients);
  }

  /** In order; a failing test too must leave nothing. */
  async end(): Promise<void> {
    for (const pid of this.#primaries) if (isAlive(pid)) process.kill(pid, 'SIGTERM');
    // Its output ends with the last process that holds it.
    await until('every primary ends', () => this.#primaries.every((pid) => !isAlive(pid)), { withinMs: 90_000 });
    await this.sluice.program.exited;
    removeFolder(this.sluice.folder);
    removeFolder(this.#apps);
  }
}

export class Tunnels {
  readonly #clients: readonly RawClient[];

  constructor(clients: readonly RawClient[]) {
    this.#clients = clients;
  }

  /** How many of them give the text back. */
  async echo(text: string): Promise<number> {
    for (const client of this.#clients) client.send(text);
    const answers = this.#clients.map((client) =>
      client.receives(text).then(
        () => 1,
        () => 0,
      ),
    );
    return (await Promise.all<number>(answers)).reduce((sum, one) => sum + one, 0);
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }
}
