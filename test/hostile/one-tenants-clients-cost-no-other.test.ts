import { expect, test } from '@jest/globals';
import { fairness } from '../acceptance/experiments/edge/fairness.js';
import { slowTls } from '../acceptance/experiments/edge/slow-tls.js';

test('giant headers, tiny chunks, bad requests and slow clients of one tenant fail no request of another', async () => {
  expect(await fairness.run(0.05)).toMatchObject({ broken: [] });
}, 240_000);

test('unfinished handshakes and slow clients behind TLS and over HTTP/2 fail no request of another tenant', async () => {
  expect(await slowTls.run(0.05)).toMatchObject({ broken: [] });
}, 240_000);
