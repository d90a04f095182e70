/** The figures of `npm run bench` that are promises, judged. */
import { bench } from '../../bench/main.js';
import type { PathResult } from '../../bench/report.js';
import { renderResult } from '../../bench/report.js';
import { type Experiment, type Outcome, scaled, violations } from '../experiment.js';

const growthBytesMax = 64 * 2 ** 20;
const latencyToleranceUs = 30;

async function run(scale: number): Promise<Outcome> {
  const result = await bench(
    {
      only: '^(bare node|sluice|nginx|http-proxy)',
      rounds: scaled(5, scale, 1),
      seconds: scaled(5, scale, 1),
      connections: [64, 1],
      bytes: scaled(1_000_000_000, scale, 100_000_000),
    },
    (line) => process.stderr.write(`${line}\n`),
  );
  process.stderr.write(`${renderResult(result)}\n`);
  const path = (name: string): PathResult | undefined => result.paths.find((one) => one.name === name);
  const total = (name: string): number => {
    const one = path(name)?.load['64'];
    return one === undefined ? Number.NaN : one.frontUs + one.appUs;
  };
  const front = (name: string): number => path(name)?.load['64']?.frontUs ?? Number.NaN;
  const added = (name: string): number =>
    (path(name)?.load['1']?.p50Us ?? Number.NaN) - (path('bare node')?.load['1']?.p50Us ?? Number.NaN);
  const inProcess = path('sluice in-process');
  const nginx = path('nginx -> node (unix)');
  const rate = (pick: 'download' | 'upload'): number =>
    (inProcess?.[pick]?.megabytesPerSecond ?? Number.NaN) / (nginx?.[pick]?.megabytesPerSecond ?? Number.NaN);
  const grew = Math.max(inProcess?.download?.growthBytes ?? Number.NaN, inProcess?.upload?.growthBytes ?? Number.NaN);
  const figures = {
    bare: total('sluice in-process') / total('bare node'),
    nginx: total('sluice in-process') / total('nginx -> node (unix)'),
    frontNginx: front('sluice out-of-process') / front('nginx -> node (tcp)'),
    frontProxy: front('sluice out-of-process') / front('http-proxy -> node'),
    addedUs: added('sluice in-process'),
    allowedUs: added('nginx -> node (unix)') + latencyToleranceUs,
    down: rate('download'),
    up: rate('upload'),
  };
  const show = (value: number): string => value.toFixed(2);
  return {
    measured: `in-process CPU/request ${show(figures.bare)} x bare node, ${show(figures.nginx)} x nginx; out-of-process listener ${show(figures.frontNginx)} x nginx, ${show(figures.frontProxy)} x http-proxy; 1 connection +${figures.addedUs.toFixed(0)} us (allowed ${figures.allowedUs.toFixed(0)}); 1 GB down ${show(figures.down)} x, up ${show(figures.up)} x nginx, growth ${(grew / 2 ** 20).toFixed(0)} MiB`,
    broken: violations({
      'every answer was good': result.paths.every((one) => Object.values(one.load).every((load) => load.errors === 0)),
    }),
    missed: violations({
      [`in-process ${show(figures.bare)} x bare node, goal 0.75`]: figures.bare <= 0.75,
      [`in-process ${show(figures.nginx)} x nginx -> node, goal 0.45`]: figures.nginx <= 0.45,
      [`out-of-process listener ${show(figures.frontNginx)} x nginx, goal 1.5`]: figures.frontNginx <= 1.5,
      [`out-of-process listener ${show(figures.frontProxy)} x http-proxy, goal 0.2`]: figures.frontProxy <= 0.2,
      [`1 connection adds ${figures.addedUs.toFixed(0)} us, goal ${figures.allowedUs.toFixed(0)}`]:
        figures.addedUs <= figures.allowedUs,
      [`download ${show(figures.down)} x nginx, goal 0.7`]: figures.down >= 0.7,
      [`upload ${show(figures.up)} x nginx, goal 0.7`]: figures.up >= 0.7,
      [`growth ${(grew / 2 ** 20).toFixed(0)} MiB, goal under 64`]: grew < growthBytesMax,
    }),
  };
}

export const benchFigures: Experiment = {
  name: 'bench',
  promise:
    'CPU per request <= 0.75 x bare node and <= 0.45 x nginx -> node in-process; listener <= 1.5 x nginx, <= 0.2 x http-proxy out-of-process; latency and 1 GB bodies',
  run,
};
