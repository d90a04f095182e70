import { describe, expect, test } from '@jest/globals';
import { hostingModels } from '../../support/hosting.js';
import { app } from '../../support/paths.js';
import { RawClient, webSocketHandshake } from '../../support/raw-client.js';
import { withSluice } from '../../support/sluice.js';

describe.each(hostingModels)('$model', ({ settings }) => {
  const options = {
    applicationPools: [{ name: 'a' }],
    applications: [{ path: '/', applicationPool: 'a', physicalPath: app('plain'), ...settings }],
  };

  test('any bytes pass both ways unchanged, also those sent with the handshake', async () => {
    await withSluice(options, async (sluice) => {
      const client = await RawClient.connect(sluice.port);
      client.send(`${webSocketHandshake('/ws')}early`);
      const head = await client.receives('\r\n\r\nearly');
      expect(head).toMatch(/^HTTP\/1\.1 101 /);
      expect(head).toContain('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
      client.clear();
      const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7) % 256));
      client.send(bytes);
      await client.receives(/^[\s\S]{300000}$/);
      expect(client.bytes().equals(bytes)).toBe(true);
      client.close();
    });
  });

  test('a client that leaves ends the tunnel in the app', async () => {
    await withSluice(options, async (sluice) => {
      const client = await RawClient.connect(sluice.port);
      client.send(webSocketHandshake('/ws'));
      await client.receives('101 ');
      client.end();
      await client.finishes();
      expect(client.ended).toBe(true);
    });
  });
});
