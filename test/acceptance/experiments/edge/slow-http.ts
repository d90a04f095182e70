/** slowhttptest's three attacks, one after the other, and a healthy client with a new connection for each request. */
import { findProgram } from '../../../support/find-program.js';
import { describeLoad, failed, percentile, startLoad } from '../../../support/load.js';
import { run as runProgram } from '../../../support/program.js';
import { withSluice } from '../../../support/sluice.js';
import { type Experiment, type Outcome, scaled, violations } from '../../experiment.js';
import { attackedHost, quietHost, twoTenants } from './two-tenants.js';

const attacks = [
  { name: 'slow headers', args: ['-H', '-i', '10'] },
  { name: 'slow body', args: ['-B', '-i', '10', '-s', '8192'] },
  { name: 'slow read', args: ['-X', '-w', '10', '-y', '20', '-n', '5', '-z', '32', '-k', '3'] },
] as const;

async function run(connections: number, seconds: number): Promise<Outcome> {
  const program = findProgram('slowhttptest');
  if (program === null) return { measured: 'slowhttptest is not installed', broken: ['not measured'], missed: [] };
  const measured: string[] = [];
  const broken: string[] = [];
  await withSluice(twoTenants(), async (sluice) => {
    for (const host of [attackedHost, quietHost]) await sluice.call('/', { host });
    for (const { name, args } of attacks) {
      const load = startLoad({ target: sluice.port, host: quietHost, ratePerSecond: 50, path: () => '/' });
      const url = `http://127.0.0.1:${sluice.port}/bytes?count=200000`;
      const rate = String(Math.ceil(connections / 5));
      const common = ['-c', String(connections), '-r', rate, '-l', String(seconds), '-u', url, '-p', '3'];
      await runProgram(program, [...args, ...common], { limitMs: (seconds + 60) * 1_000 });
      const report = await load.stop();
      measured.push(
        `${name}: ${report.sent} healthy requests, ${failed(report)} failed, p99 ${Math.round(percentile(report.latenciesMs, 0.99))} ms`,
      );
      broken.push(...violations({ [`${name}: ${describeLoad(report)}`]: failed(report) === 0 }));
    }
  });
  return { measured: `${connections} connections each; ${measured.join('; ')}`, broken, missed: [] };
}

export const slowHttp: Experiment = {
  name: 'slow-http',
  promise: 'slowhttptest slow headers, body and read with 2,000 connections: 0 s of unavailability',
  run: (scale) => run(scaled(2_000, scale, 200), scaled(45, scale, 8)),
};
