/** HTTP over TLS as a browser would do it, with everything that can be seen of the handshake. */
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { after } from './time.js';

export interface TlsAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
  /** Common name of the certificate that the server showed. */
  readonly commonName: string;
  readonly protocol: string;
  readonly alpn: string | false | null;
  readonly isReused: boolean;
  readonly session: Buffer | null;
}

export interface TlsCall extends ConnectionOptions {
  readonly path?: string;
  /** Host field; default: the server name. */
  readonly hostField?: string;
  readonly fields?: readonly string[];
}

/** Resolves when the handshake is done. */
export function handshake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: '127.0.0.1',
      port,
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
      ...options,
    });
    const cancel = after(30_000, () => socket.destroy(new Error('no handshake within 30 s')));
    socket.once('secureConnect', () => {
      cancel();
      socket.off('error', reject);
      socket.on('error', () => undefined);
      resolve(socket);
    });
    socket.once('error', (error) => {
      cancel();
      reject(error);
    });
  });
}

/** One request on a connection of its own, which ends with the answer. */
export async function tlsCall(port: number, call: TlsCall = {}): Promise<TlsAnswer> {
  const { path = '/', hostField, fields = [], ...options } = call;
  const socket = await handshake(port, options);
  // With TLS 1.2 it is part of the handshake; with 1.3 it comes later.
  let session: Buffer | null = socket.getProtocol() === 'TLSv1.2' ? (socket.getSession() ?? null) : null;
  // A closed socket has forgotten them.
  const facts = {
    commonName: String(socket.getPeerCertificate().subject?.CN ?? ''),
    protocol: socket.getProtocol() ?? '',
    alpn: socket.alpnProtocol,
    isReused: socket.isSessionReused(),
  };
  socket.on('session', (one: Buffer) => {
    session = one;
  });
  const lines = [`GET ${path} HTTP/1.1`, `Host: ${hostField ?? options.servername ?? '127.0.0.1'}`, ...fields];
  const text = await exchange(socket, `${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`);
  const end = text.indexOf('\r\n\r\n');
  return {
    status: Number(text.slice(9, 12)),
    head: text.slice(0, end),
    body: text.slice(end + 4),
    ...facts,
    session,
  };
}

function exchange(socket: TLSSocket, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const cancel = after(30_000, () => socket.destroy(new Error('no complete answer within 30 s')));
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.once('error', reject);
    socket.once('close', () => {
      cancel();
      resolve(text);
    });
    socket.once('end', () => socket.end());
    socket.write(request);
  });
}
