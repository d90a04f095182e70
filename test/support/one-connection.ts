/** Requests one after the other on one open connection: what a refusal costs, without the cost of connecting. */
import { connect } from 'node:net';
import { monotonicMs, within } from './time.js';

export interface Asked {
  /** From the write to the last byte of the answer. */
  readonly latenciesMs: readonly number[];
  /** Of each answer, in order. */
  readonly statuses: readonly number[];
}

/** Throws when the peer ends the connection, or sends an answer without Content-Length. */
export async function askInTurn(port: number, path: string, count: number): Promise<Asked> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const latenciesMs: number[] = [];
  const statuses: number[] = [];
  const asked = new Promise<void>((resolve, reject) => {
    let sentMs = 0;
    let text = '';
    const send = (): void => {
      sentMs = monotonicMs();
      socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    };
    socket.once('connect', send);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`the connection ended after ${statuses.length} answers: ${text}`)));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const headEnd = text.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, headEnd))?.[1];
      if (length === undefined) return reject(new Error(`no Content-Length: ${text.slice(0, headEnd)}`));
      if (text.length < headEnd + 4 + Number(length)) return;
      latenciesMs.push(monotonicMs() - sentMs);
      statuses.push(Number(text.slice(9, 12)));
      text = '';
      if (statuses.length === count) resolve();
      else send();
    });
  });
  try {
    await within(120_000, `${count} answers`, asked);
  } finally {
    socket.removeAllListeners('close');
    socket.destroy();
  }
  return { latenciesMs, statuses };
}
