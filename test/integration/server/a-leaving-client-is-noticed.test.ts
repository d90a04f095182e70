import { describe, expect, test } from '@jest/globals';
import { hostingModels } from '../../support/hosting.js';
import { app } from '../../support/paths.js';
import { RawClient } from '../../support/raw-client.js';
import { withSluice } from '../../support/sluice.js';
import { until } from '../../support/time.js';

const ways = [
  { how: 'FIN', leave: (client: RawClient) => client.end() },
  { how: 'RST', leave: (client: RawClient) => client.reset() },
];

/** Far more than all buffers on the way hold. */
const large = 'count=80000000';
const requests = [
  { what: 'a request that is never answered', head: 'GET /hold HTTP/1.1', body: '' },
  { what: 'an answer that the client does not read', head: `GET /bytes?${large} HTTP/1.1`, body: '' },
  { what: 'an answer to half a body', head: `POST /bytes?${large} HTTP/1.1\r\nContent-Length: 9`, body: 'half' },
];

describe.each(hostingModels)('$model', ({ settings }) => {
  test.each(ways)('$how while requests run cancels them in the app', async ({ leave }) => {
    await withSluice(
      {
        applicationPools: [{ name: 'a' }],
        applications: [{ path: '/', applicationPool: 'a', physicalPath: app('plain'), ...settings }],
      },
      async (sluice) => {
        const state = async (): Promise<{ inFlight: number; aborted: number }> =>
          JSON.parse((await sluice.call('/state')).text) as { inFlight: number; aborted: number };
        expect((await state()).aborted).toBe(0);
        const clients = await Promise.all(requests.map(() => RawClient.connect(sluice.port)));
        for (const [index, { head, body }] of requests.entries()) {
          const client = clients[index];
          client?.socket.pause();
          client?.send(`${head}\r\nHost: a\r\n\r\n${body}`);
        }
        await until('the requests run', async () => (await state()).inFlight === 1 + requests.length);
        for (const client of clients) leave(client);
        await until('the app sees the aborts', async () => (await state()).inFlight === 1);
        expect((await state()).aborted).toBe(requests.length);
        for (const client of clients) client.close();
      },
    );
  });
});
