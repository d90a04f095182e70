import { isTraced, moreSubjects, nextSubject } from '../../support/behaviour/more-subjects.js';
import { alone, type Model, type Subject, subjects, Together } from '../../support/behaviour/suite.js';
import { appsWithPackages, install } from '../../support/more-frameworks.js';
import { nodes } from '../../support/nodes.js';
import { run as runProgram } from '../../support/program.js';
import { removeFolder } from '../../support/temp-folder.js';
import { type Experiment, type Outcome, violations } from '../experiment.js';

const models = ['in-process', 'out-of-process'] as const;

interface Compared {
  readonly steps: number;
  readonly broken: readonly string[];
}

/** Where the first difference is, in few words. */
function difference(one: readonly unknown[], other: readonly unknown[]): string {
  const at = one.findIndex((step, index) => JSON.stringify(step) !== JSON.stringify(other[index]));
  return `step ${at}: ${JSON.stringify(one[at])?.slice(0, 300)} instead of ${JSON.stringify(other[at])?.slice(0, 300)}`;
}

async function compare(compared: readonly Subject[], by: readonly Model[], node: string): Promise<Compared> {
  const together = await Together.start(compared, by, node);
  const broken: string[] = [];
  let steps = 0;
  try {
    for (const subject of compared) {
      const expected = await alone(subject, node);
      steps += expected.length;
      for (const model of by) {
        const seen = await together.behaviour(subject, model);
        const isSame = JSON.stringify(seen) === JSON.stringify(expected);
        if (!isSame) broken.push(`${subject.name} ${model} differs at ${difference(seen, expected)}`);
      }
    }
  } finally {
    await together.sluice.stop();
  }
  return { steps, broken };
}

async function onNode(root: string, node: string): Promise<Outcome> {
  const { output } = await runProgram(node, ['--version']);
  const version = `Node ${output.trim().slice(1)}`;
  const more = moreSubjects(root);
  const plain = [...subjects, ...more.filter((one) => !isTraced(one)), nextSubject()];
  const both = await compare(plain, models, node);
  const spans = await compare(more.filter(isTraced), ['in-process'], node);
  return {
    measured:
      `${version}: ${plain.map((one) => one.name).join(', ')}: ${both.steps} steps, alone and hosted both ways, ` +
      `and ${spans.steps} answers and spans of OpenTelemetry, alone and in-process`,
    broken: [
      ...[...both.broken, ...spans.broken].map((one) => `${version}: ${one}`),
      ...violations({ [`${version}: spans were made`]: spans.steps > 100 }),
    ],
    missed: [],
  };
}

async function run(): Promise<Outcome> {
  install('more-frameworks');
  install('next-app');
  const root = appsWithPackages();
  const outcomes: Outcome[] = [];
  try {
    for (const node of nodes()) outcomes.push(await onNode(root, node));
  } finally {
    removeFolder(root);
  }
  return {
    measured: outcomes.map((one) => one.measured).join('; '),
    broken: outcomes.flatMap((one) => one.broken),
    missed: [],
  };
}

export const frameworks: Experiment = {
  name: 'frameworks',
  promise:
    'unmodified Express 4 and 5 with middleware, Fastify 5, Koa 3, hapi, hono, Nest, Next.js standalone, graphql-yoga, ws, socket.io and ESM with top-level await answer as alone; OpenTelemetry traces are those of the app alone',
  run,
};
