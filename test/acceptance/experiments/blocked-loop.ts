import { nodes } from '../../support/nodes.js';
import { withSluice } from '../../support/sluice.js';
import { type Block, blocks, type Stall, stallAt, stallsOptions } from '../../support/stalls.js';
import { type Experiment, type Outcome, type Row, violations } from '../experiment.js';

const hangDetectionMs = 10_000;
const foundWithinMs = 1_000;
/** Of one turn of the primary, which writes the log and starts the process. */
const startedWithinMs = 100;
const killedWithinMs = 2_000;

interface Found {
  readonly row: Row;
  readonly missed: readonly string[];
  /** After the limit, after that, and after the find. */
  readonly foundMs: number;
  readonly startMs: number;
  readonly goneMs: number;
}

export const blockedLoop: Experiment = {
  name: 'blocked-loop',
  promise:
    'blocked event loop: found within hangDetection + 1 s, the replacement starts at that moment, the old worker is killed within + 2 s; JavaScript and regular expressions: function, file and line are named; native code: the obituary says so',
  async run(scale): Promise<Outcome> {
    const found: Found[] = [];
    const limitMs = Math.max(2_000, Math.round((hangDetectionMs * scale) / 1_000) * 1_000);
    for (const node of nodes()) {
      const hangDetection = `00:00:${String(limitMs / 1_000).padStart(2, '0')}`;
      const version = /node(\d+)\//.exec(node)?.[1] ?? process.versions.node.split('.')[0] ?? '';
      await withSluice(stallsOptions(hangDetection, node), async (sluice) => {
        for (const block of blocks) {
          found.push(judge(`Node ${version} ${block.path}`, block, limitMs, await stallAt(sluice, block.path)));
        }
      });
    }
    const worst = (of: (one: Found) => number): number => Math.max(...found.map(of));
    return {
      measured: `hangDetection ${limitMs} ms, ${found.length} blocks; the slowest: found at + ${worst(({ foundMs }) => foundMs)} ms, replacement started ${worst(({ startMs }) => startMs)} ms after that, old worker dead ${worst(({ goneMs }) => goneMs)} ms after it was found`,
      broken: found.flatMap(({ row }) => row.broken),
      missed: found.flatMap(({ missed }) => missed),
      rows: found.map(({ row }) => row),
    };
  },
};

function judge(name: string, block: Block, limitMs: number, stall: Stall): Found {
  const foundMs = Math.round(stall.foundMs - limitMs);
  const startMs = Math.round(stall.startMs);
  const goneMs = Math.round(stall.goneMs - stall.foundMs);
  const text = stall.attachment?.text ?? '';
  const [summary = ''] = text.split('\n');
  return {
    row: {
      name,
      measured: `found at + ${foundMs} ms, replacement ${startMs} ms later, dead ${goneMs} ms later: ${summary}`,
      broken: violations({
        [`${name}: the place is named, not "${summary}"`]: block.says.test(text),
        [`${name}: not before the limit (${foundMs} ms)`]: foundMs >= 0,
        [`${name}: ended as ${stall.obituary.reason}`]: stall.obituary.reason === 'hang',
      }),
    },
    missed: violations({
      [`${name}: found ${foundMs} ms after the limit`]: foundMs <= foundWithinMs,
      [`${name}: replaced ${startMs} ms after it was found`]: startMs >= 0 && startMs <= startedWithinMs,
      [`${name}: dead ${goneMs} ms after it was found`]: goneMs <= killedWithinMs,
    }),
    foundMs,
    startMs,
    goneMs,
  };
}
