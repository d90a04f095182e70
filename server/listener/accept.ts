import { createServer, type Server, type Socket } from 'node:net';
import { messageOf } from '../../config/base/errors.js';
import { listenBacklog } from '../../config/base/limits.js';
import type { ListenerToPrimary } from '../../pools/protocol/listener-to-primary.js';
import type { ListenAddress } from '../../pools/protocol/primary-to-listener.js';

/** The sockets that the primary bound and lent to this listener; closing one here leaves the primary's open. */
export class ListeningSockets {
  readonly #servers = new Map<string, Server>();
  readonly #accepted: (socket: Socket, port: number) => void;
  readonly #acceptFailed: (code: string) => void;
  readonly #say: (message: ListenerToPrimary) => void;

  constructor(
    accepted: (socket: Socket, port: number) => void,
    acceptFailed: (code: string) => void,
    say: (message: ListenerToPrimary) => void,
  ) {
    this.#accepted = accepted;
    this.#acceptFailed = acceptFailed;
    this.#say = say;
  }

  /** `handle` is Node's own handle object as it arrives with a message: its type is not public. */
  listen(address: ListenAddress, handle: unknown): void {
    const { key, port } = address;
    if (this.#servers.has(key)) return;
    const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => this.#accepted(socket, port));
    this.#servers.set(key, server);
    server.once('listening', () => this.#say({ type: 'listening', key }));
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (error.syscall === 'accept') return this.#acceptFailed(error.code ?? '');
      this.#say({ type: 'log', level: 'error', event: 'listen-failed', fields: { key, error: messageOf(error) } });
    });
    server.listen(handle, listenBacklog);
  }

  unlisten(key: string): void {
    this.#servers.get(key)?.close();
    this.#servers.delete(key);
  }

  close(): void {
    for (const key of this.#servers.keys()) this.unlisten(key);
  }
}
