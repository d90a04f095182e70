/** Requests as streams of a few HTTP/2 connections, which are made anew when the server ends one. */
import { Http2Client } from './http2-client.js';

/** RFC 9113 7 */
const refusedStream = 7;

export class Http2Senders {
  readonly #origin: string;
  readonly #clients: (Promise<Http2Client> | null)[];
  #next = 0;
  /** Requests that Node's client had taken but not sent when GOAWAY came: it refuses them itself, before they leave. */
  neverSent = 0;

  constructor(origin: string, connections: number) {
    this.#origin = origin;
    this.#clients = Array.from({ length: connections }, () => null);
  }

  /** A torn or refused stream is an error, whatever arrived of it. */
  async send(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const index = this.#next;
    this.#next = (index + 1) % this.#clients.length;
    const client = await this.#client(index);
    const { status, text, resetCode } = await client.call(path);
    if (resetCode === refusedStream && status === 0 && client.session.closed) {
      // What was refused was not looked at (RFC 9113 8.7): every client may send it again, and does.
      this.neverSent += 1;
      return this.send(path);
    }
    if (resetCode !== 0 || status === 0) throw new Error(`reset with code ${resetCode} after status ${status}`);
    return { status, text };
  }

  close(): void {
    for (const client of this.#clients) void client?.then((one) => one.destroy()).catch(() => undefined);
  }

  async #client(index: number): Promise<Http2Client> {
    const known = this.#clients[index] ?? null;
    const client = known === null ? null : await known.catch(() => null);
    if (client !== null && !client.session.closed && !client.session.destroyed) return client;
    // Somebody else may have been quicker.
    if (this.#clients[index] === known) this.#clients[index] = Http2Client.connect(this.#origin);
    return this.#client(index);
  }
}
