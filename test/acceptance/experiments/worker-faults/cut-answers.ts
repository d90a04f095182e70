/** Fault 4: a worker is killed in the middle of its answers. */
import type { HostingChoice } from '../../../support/hosting.js';
import { RawClient } from '../../../support/raw-client.js';
import { monotonicMs } from '../../../support/time.js';
import { scaled, violations } from '../../experiment.js';
import { fault, type FaultRow, models, signal, withScene } from './rig.js';

const kinds = (['1.1', '1.0'] as const).flatMap((version) =>
  (['length', 'unknown'] as const).map((framing) => ({ version, framing })),
);

/** Whether a client that follows RFC 9112 6.3 and 8 takes what it has for a complete answer. */
function believes(client: RawClient): boolean {
  const [head = '', body = ''] = client.text().split('\r\n\r\n', 2);
  const length = /^content-length: (\d+)/im.exec(head)?.[1];
  if (/^transfer-encoding: chunked/im.test(head)) return client.text().endsWith('0\r\n\r\n');
  if (length !== undefined) return body.length >= Number(length);
  return client.error === null;
}

async function cut(choice: HostingChoice, each: number): Promise<FaultRow> {
  let row: FaultRow | null = null;
  await withScene({ choice }, async ({ sluice }) => {
    await sluice.call('/a/');
    const clients: { readonly kind: string; readonly client: RawClient }[] = [];
    for (const { version, framing } of kinds) {
      for (let index = 0; index < each; index += 1) {
        const client = await RawClient.connect(sluice.port);
        const keep = version === '1.0' && index % 2 === 0 ? 'Connection: keep-alive\r\n' : '';
        client.send(`GET /a/half/${framing} HTTP/${version}\r\nHost: a\r\n${keep}\r\n`);
        clients.push({ kind: `HTTP/${version} ${framing}`, client });
      }
    }
    for (const { client } of clients) await client.receives('only this');
    const killedMs = signal(await sluice.workerPids('a'), 'SIGKILL');
    for (const { client } of clients) await client.finishes();
    const closedMs = Math.round(monotonicMs() - killedMs);
    const deceived = clients.filter(({ client }) => believes(client)).map(({ kind }) => kind);
    for (const { client } of clients) client.close();
    row = {
      name: choice.model,
      measured: `${clients.length} clients of ${kinds.length} kinds: ${deceived.length} believe that they have all; all closed after ${closedMs} ms`,
      broken: violations({ [`deceived: ${[...new Set(deceived)].join(', ')}`]: deceived.length === 0 }),
      missed: [],
    };
  });
  if (row === null) throw new Error('did not run');
  return row;
}

export const cutAnswers = fault(
  'cut-answers',
  'kill -9 in the middle of answers with Content-Length, chunked, and to HTTP/1.0: 0 clients believe that a cut answer is complete',
  (scale) => models(scale, 'in-process').map((choice) => () => cut(choice, scaled(50, scale, 4))),
);
