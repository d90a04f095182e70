/** The clients of the innocent pools, in a process of their own: looking at attacks must not delay them. Arguments: port, requests a second. */
import { failed, percentile, type RunningLoad, startLoad } from '../../../support/load.js';
import type { NeighbourReport } from './neighbours.js';
import { innocentPaths } from './world.js';

const [port, ratePerSecond] = process.argv.slice(2).map(Number);
let load: RunningLoad | null = null;

function begin(): void {
  load = startLoad({
    target: port ?? 0,
    ratePerSecond: ratePerSecond ?? 0,
    keepAliveConnections: 32,
    path: (serial) => `${innocentPaths[serial % 2] ?? ''}/n/${serial}`,
    isRight: (serial, text) => text === String(serial),
  });
}

async function end(running: RunningLoad): Promise<NeighbourReport> {
  const report = await running.stop();
  const { sent, latenciesMs, examples } = report;
  return { sent, failed: failed(report), p99Ms: percentile(latenciesMs, 0.99), example: examples[0] ?? '' };
}

process.on('message', (message) => {
  if (message === 'begin') begin();
  else if (load !== null) void end(load).then((report) => process.send?.(report));
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
