import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import { expect, test } from '@jest/globals';
import { app } from '../../support/paths.js';
import { RawClient, statuses } from '../../support/raw-client.js';
import { freePort } from '../../support/free-port.js';
import { withSluice } from '../../support/sluice.js';
import { pause, until } from '../../support/time.js';

const request = 'GET /request HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.99\r\nConnection: close\r\n\r\n';
const headerTwo = Buffer.concat([
  Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'),
  Buffer.from([0x21, 0x11, 0, 12, 203, 0, 113, 7, 127, 0, 0, 1, 0xc0, 0, 0, 80]),
]);

async function ask(port: number, pieces: readonly (string | Buffer)[]): Promise<string> {
  const client = await RawClient.connect(port);
  try {
    for (const piece of pieces) {
      client.send(piece);
      if (pieces.length > 1) await pause(2);
    }
    return await client.finishes();
  } finally {
    client.close();
  }
}

/** Over TLS; the header goes before the hello: at once with it, or its first `cut` bytes alone. */
async function askSecurely(port: number, header: string, cut: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  if (cut > 0) {
    socket.write(header.slice(0, cut));
    await pause(5);
  }
  socket.cork();
  socket.write(header.slice(cut));
  const secure = connectSecurely({ socket, servername: 'localhost', rejectUnauthorized: false });
  setImmediate(() => socket.uncork());
  await once(secure, 'secureConnect');
  // A client that ends its side has left.
  secure.write(request);
  let text = '';
  for await (const chunk of secure) text += String(chunk);
  return text;
}

test('versions 1 and 2 from a configured peer, whole or byte by byte; nothing from anybody else', async () => {
  const [closed, secure] = [await freePort(), await freePort()];
  await withSluice(
    {
      applicationPools: [{ name: 'a' }],
      server: { webLimits: { maxConnectionsPerAddress: 20 } },
      sites: (port) => [
        {
          name: 'main',
          bindings: [
            { protocol: 'http', bindingInformation: `*:${port}:`, proxyProtocol: ['127.0.0.0/8', '::1'] },
            { protocol: 'http', bindingInformation: `*:${closed}:`, proxyProtocol: ['192.0.2.0/24'] },
            {
              protocol: 'https',
              bindingInformation: `127.0.0.1:${secure}:`,
              certificate: 'development',
              proxyProtocol: ['127.0.0.0/8'],
            },
          ],
          applications: [{ path: '/', applicationPool: 'a', physicalPath: app('plain') }],
        },
      ],
    },
    async ({ port }) => {
      const line = 'PROXY TCP4 203.0.113.7 127.0.0.1 49152 80\r\n';
      expect(await ask(port, [line + request])).toContain('"remote":"203.0.113.7"');
      expect(await ask(port, (line + request).split(''))).toContain('"remote":"203.0.113.7"');
      expect(await ask(port, [Buffer.concat([headerTwo, Buffer.from(request)])])).toContain('"remote":"203.0.113.7"');
      expect(await ask(port, ['PROXY TCP6 2001:db8::1 ::1 1024 80\r\n', request])).toContain('"remote":"2001:db8::1"');
      expect(await ask(port, ['PROXY UNKNOWN\r\n', request])).toContain('"remote":"127.0.0.1"');
      // A peer that has to send the header and does not, or sends it badly, gets no answer at all.
      expect(await ask(port, [request])).toBe('');
      expect(await ask(port, [`PROXY TCP4 203.0.113.7\r\n${request}`])).toBe('');
      // A peer that nobody named is a client: its header is no request.
      expect(statuses(await ask(closed, [line + request]))).toEqual([400]);
      expect(await ask(closed, [request])).toContain('"remote":"127.0.0.1"');
      // Before TLS, in one piece with the client's hello and in many.
      for (const cut of [0, 1, 20]) expect(await askSecurely(secure, line, cut)).toContain('"remote":"203.0.113.7"');
      // Whom it names has a limit from then on, on all ports together; the peer has none for them.
      const other = 'PROXY TCP4 203.0.113.8 127.0.0.1 49152 80\r\n';
      const held = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(port)));
      for (const one of held) one.send(`${other}GET /`);
      await until('they are as many as it may have', async () => (await ask(port, [other + request])) === '');
      await until('over TLS too', () =>
        askSecurely(secure, other, 0).then(
          () => false,
          () => true,
        ),
      );
      expect(await askSecurely(secure, line, 0)).toContain('"remote":"203.0.113.7"');
      for (const one of held) one.close();
      await expect(askSecurely(secure, '', 0)).rejects.toThrow(/disconnected|ECONNRESET|closed/);
    },
  );
});
