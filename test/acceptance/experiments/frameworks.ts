import { moreSubjects, nextSubject } from '../../support/behaviour/more-subjects.js';
import { alone, type Model, type Subject, subjects, Together } from '../../support/behaviour/suite.js';
import { appsWithPackages, install } from '../../support/more-frameworks.js';
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

async function compare(compared: readonly Subject[], by: readonly Model[]): Promise<Compared> {
  const together = await Together.start(compared, by);
  const broken: string[] = [];
  let steps = 0;
  try {
    for (const subject of compared) {
      const expected = await alone(subject);
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

async function run(): Promise<Outcome> {
  install('more-frameworks');
  install('next-app');
  const root = appsWithPackages();
  try {
    const more = moreSubjects(root);
    // Out-of-process the app's client is the listener: its spans are others.
    const traced = more.filter((one) => one.name === 'opentelemetry');
    const plain = [...subjects, ...more.filter((one) => one.name !== 'opentelemetry'), nextSubject()];
    const both = await compare(plain, models);
    const spans = await compare(traced, ['in-process']);
    return {
      measured:
        `${plain.map((one) => one.name).join(', ')}: ${both.steps} steps, alone and hosted both ways; ` +
        `OpenTelemetry: ${spans.steps} answers and spans, alone and in-process; Node ${process.versions.node}`,
      broken: [...both.broken, ...spans.broken, ...violations({ 'spans were made': spans.steps > 100 })],
      missed: [],
    };
  } finally {
    removeFolder(root);
  }
}

export const frameworks: Experiment = {
  name: 'frameworks',
  promise:
    'unmodified Express 4 and 5 with middleware, Fastify 5, Koa 3, hapi, hono, Nest, Next.js standalone, graphql-yoga, ws, socket.io and ESM with top-level await answer as alone; OpenTelemetry traces are those of the app alone',
  run,
};
