/** What a request over HTTP/2 and TLS costs beside nginx in front of node. */
import { bench } from '../../../bench/main.js';
import { renderResult } from '../../../bench/report.js';
import { type Experiment, type Outcome, scaled, violations } from '../../experiment.js';

const streams = 64;

async function run(scale: number): Promise<Outcome> {
  const result = await bench(
    {
      only: '^h2: ',
      rounds: scaled(5, scale, 1),
      seconds: scaled(5, scale, 2),
      connections: [streams],
      bytes: 0,
    },
    (line) => process.stderr.write(`${line}\n`),
  );
  process.stderr.write(`${renderResult(result)}\n`);
  const total = (name: string): number => {
    const one = result.paths.find((path) => path.name === name)?.load[String(streams)];
    return one === undefined ? Number.NaN : one.frontUs + one.appUs;
  };
  const own = total('h2: sluice in-process');
  const nginx = total('h2: nginx -> node (unix)');
  const ratio = own / nginx;
  return {
    measured: `${own.toFixed(1)} us of CPU per request in-process, nginx -> node ${nginx.toFixed(1)}: ${ratio.toFixed(2)} x`,
    broken: violations({
      'every answer was good': result.paths.every((one) => Object.values(one.load).every(({ errors }) => errors === 0)),
    }),
    missed: violations({ [`${ratio.toFixed(2)} x nginx -> node, goal 0.8`]: ratio <= 0.8 }),
  };
}

export const http2Figures: Experiment = {
  name: 'h2-bench',
  promise: 'h2 over TLS, 64 streams of one connection: total CPU per request <= 0.8 x nginx (h2) -> node',
  run,
};
