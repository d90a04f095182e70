/**
 * TCP connections of the admin listener. Every user of the machine can open some, so there is no fixed number from
 * which on others are refused: beyond the limit, whoever has the most loses the oldest, an idle one first. Somebody who
 * opens connections without end thus closes their own; probes and scrapes are short, and whoever has shown a token
 * counts alone.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { addressGroup } from './frame/address-group.js';

interface Connection {
  readonly socket: Socket;
  /** A group of addresses, or a caller. */
  who: string;
  /** Requests under way. */
  requests: number;
}

export class AdminConnections {
  readonly #most: number;
  /** By address and port of the client: of a TLS connection there are two sockets. In the order in which they came. */
  readonly #open = new Map<string, Connection>();

  constructor(most: number) {
    this.#most = most;
  }

  watch(server: Server): void {
    server.on('connection', (socket: Socket) => this.#add(socket));
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const connection = this.#open.get(keyOf(request.socket));
      if (connection === undefined) return;
      connection.requests += 1;
      response.once('close', () => {
        connection.requests -= 1;
      });
    });
  }

  /** The client has shown that it is this caller. */
  belongsTo(socket: Socket, caller: string): void {
    const connection = this.#open.get(keyOf(socket));
    if (connection !== undefined) connection.who = `caller ${caller}`;
  }

  #add(socket: Socket): void {
    const key = keyOf(socket);
    if (this.#open.size >= this.#most) this.#makeRoom();
    const connection = { socket, who: `address ${addressGroup(socket.remoteAddress)}`, requests: 0 };
    this.#open.set(key, connection);
    socket.once('close', () => {
      if (this.#open.get(key) === connection) this.#open.delete(key);
    });
  }

  #makeRoom(): void {
    const counts = new Map<string, number>();
    for (const { who } of this.#open.values()) counts.set(who, (counts.get(who) ?? 0) + 1);
    const [greediest] = [...counts].reduce((most, one) => (one[1] > most[1] ? one : most), ['', 0]);
    let victim: readonly [string, Connection] | null = null;
    for (const [key, connection] of this.#open) {
      if (connection.who !== greediest) continue;
      victim ??= [key, connection];
      if (connection.requests > 0) continue;
      victim = [key, connection];
      break;
    }
    if (victim === null) return;
    this.#open.delete(victim[0]);
    victim[1].socket.destroy();
  }
}

function keyOf({ remoteAddress = '', remotePort = 0 }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
