import { messageOf } from '../../../../config/base/errors.js';
import { install } from '../../../support/more-frameworks.js';
import type { Experiment, Outcome, Row } from '../../experiment.js';
import { type GrpcCheck, grpcChecks } from './checks.js';
import { backends, GrpcWorld } from './server.js';

async function rowOf({ name, run }: GrpcCheck, world: GrpcWorld): Promise<Row> {
  try {
    return { name, measured: backends.join(' and '), broken: await run(world) };
  } catch (error) {
    return { name, measured: 'did not finish', broken: [messageOf(error)] };
  }
}

async function run(): Promise<Outcome> {
  install('more-frameworks');
  const rows: Row[] = [];
  const world = await GrpcWorld.start();
  try {
    for (const check of grpcChecks) rows.push(await rowOf(check, world));
  } finally {
    await world.stop();
  }
  const failed = rows.filter((one) => one.broken.length > 0);
  return {
    measured: `${rows.length - failed.length} of ${rows.length} checks with ${backends.join(' and ')}, over TLS and without`,
    broken: failed.map((one) => `${one.name}: ${one.broken.join('; ')}`),
    missed: [],
    rows,
  };
}

export const grpc: Experiment = {
  name: 'grpc',
  promise:
    'gRPC as if the server were alone: unary, streamings, trailers, deadlines, cancelled calls, recycles; no call lost',
  run,
};
