/**
 * The end that a host asks for, by its shutdown request or by SIGTERM: accept nothing more, finish what
 * is under way, run the application's clean-up, end the process with code 0.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { header, shutdownEvent, shutdownPath } from './contract.js';

/** `POST <application path>/iisintegration`; hosts may leave the path out. Only for requests with the token. */
export function asksToStop(request: IncomingMessage, applicationPath: string): boolean {
  if (request.method !== 'POST') return false;
  if (String(request.headers[header.event.toLowerCase()] ?? '').toLowerCase() !== shutdownEvent) return false;
  const path = (request.url ?? '').replace(/\?.*$/s, '').toLowerCase();
  const below = encodeURI(applicationPath).replace(/\/$/, '').toLowerCase();
  return path === shutdownPath || path === `${below}${shutdownPath}`;
}

export class Shutdown {
  readonly #server: Server;
  readonly #onStop: () => unknown;
  readonly #stopping = new AbortController();
  /** Connections that carry HTTP, with the number of their requests under way. */
  readonly #connections = new Map<Socket, number>();
  readonly #unsent = new Set<ServerResponse>();

  constructor(server: Server, onStop: () => unknown) {
    this.#server = server;
    this.#onStop = onStop;
    // It stays: libraries that find themselves alone with the signal end the process at once.
    process.on('SIGTERM', () => void this.#stop());
  }

  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** The shutdown request is a SIGTERM that works on every system, so the application's own listeners run too. */
  request(): void {
    process.emit('SIGTERM', 'SIGTERM');
  }

  connection(socket: Socket): void {
    this.#connections.set(socket, 0);
    socket.once('close', () => this.#connections.delete(socket));
  }

  /** The connection is no longer HTTP, and its end is somebody else's. */
  release(socket: Socket): void {
    this.#connections.delete(socket);
  }

  begin(socket: Socket, response: ServerResponse): void {
    this.#count(socket, 1);
    this.#unsent.add(response);
    if (this.signal.aborted) response.setHeader('Connection', 'close');
    response.once('close', () => {
      this.#unsent.delete(response);
      this.#count(socket, -1);
      if (this.signal.aborted) this.#endIdle();
    });
  }

  #count(socket: Socket, change: number): void {
    const before = this.#connections.get(socket);
    if (before !== undefined) this.#connections.set(socket, before + change);
  }

  async #stop(): Promise<void> {
    if (this.signal.aborted) return;
    // Somebody else who listens for SIGTERM decides when the process ends.
    const isOurs = process.listenerCount('SIGTERM') === 1;
    this.#stopping.abort();
    const closed = this.#close();
    try {
      await this.#onStop();
      await closed;
    } catch (error) {
      process.stderr.write(
        `onStop failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
      );
      process.exitCode = 1;
    }
    if (isOurs) process.exit();
  }

  /**
   * Not http.Server.close: it also destroys connections whose answer is ended but not yet sent.
   */
  #close(): Promise<void> {
    return new Promise((resolve) => {
      NetServer.prototype.close.call(this.#server, () => resolve());
      for (const response of this.#unsent) if (!response.headersSent) response.setHeader('Connection', 'close');
      this.#endIdle();
    });
  }

  #endIdle(): void {
    for (const [socket, requests] of this.#connections) if (requests === 0) socket.destroySoon();
  }
}
