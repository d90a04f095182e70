import { expect, test } from '@jest/globals';
import { app } from '../../support/paths.js';
import { RawClient, statuses } from '../../support/raw-client.js';
import { freePort } from '../../support/free-port.js';
import { withSluice } from '../../support/sluice.js';
import { pause } from '../../support/time.js';

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

test('versions 1 and 2 from a configured peer, whole or byte by byte; nothing from anybody else', async () => {
  const closed = await freePort();
  await withSluice(
    {
      applicationPools: [{ name: 'a' }],
      sites: (port) => [
        {
          name: 'main',
          bindings: [
            { protocol: 'http', bindingInformation: `*:${port}:`, proxyProtocol: ['127.0.0.0/8', '::1'] },
            { protocol: 'http', bindingInformation: `*:${closed}:`, proxyProtocol: ['192.0.2.0/24'] },
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
    },
  );
});
