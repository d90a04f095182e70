import { alone, hosted, subjects } from '../../support/behaviour/suite.js';
import { outOfProcess } from '../../support/hosting.js';
import { type Experiment, type Outcome, violations } from '../experiment.js';

function same(one: readonly unknown[], other: readonly unknown[]): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

async function run(): Promise<Outcome> {
  const broken: string[] = [];
  let steps = 0;
  for (const subject of subjects) {
    const expected = await alone(subject);
    const inside = await hosted(subject);
    const outside = await hosted(subject, outOfProcess(subject.entry));
    steps += expected.length;
    broken.push(
      ...violations({
        [`${subject.name} in-process differs`]: same(inside, expected),
        [`${subject.name} out-of-process differs`]: same(outside, expected),
      }),
    );
  }
  const names = subjects.map((one) => one.name).join(', ');
  return {
    measured: `${names}: ${steps} steps, alone and hosted both ways, Node ${process.versions.node}`,
    broken,
    missed: [],
  };
}

export const frameworks: Experiment = {
  name: 'frameworks',
  promise:
    'unmodified Express 5, Fastify 5, Koa 3, ws and socket.io apps and ESM with top-level await answer as they do alone',
  run,
};
