/** Real gRPC clients and servers with Sluice between them; each check holds for every server, over TLS and without. */
import { afterAll, beforeAll, expect } from '@jest/globals';
import { grpcChecks } from '../../acceptance/experiments/grpc/checks.js';
import { GrpcWorld } from '../../acceptance/experiments/grpc/server.js';
import { reasonToSkip, testNeeding } from '../../support/needs.js';

/** Publishing the ASP.NET Core apps may be part of it. */
const startLimitMs = 600_000;

let world: GrpcWorld | null = null;

beforeAll(async () => {
  if (reasonToSkip(['more-frameworks']) === null) world = await GrpcWorld.start();
}, startLimitMs);
afterAll(async () => {
  await world?.stop();
}, 120_000);

for (const { name, run } of grpcChecks) {
  testNeeding('more-frameworks')(
    name,
    async () => {
      if (world === null) throw new Error('the server did not start');
      expect(await run(world)).toEqual([]);
    },
    240_000,
  );
}
