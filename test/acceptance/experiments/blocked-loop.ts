import { nodes } from '../../support/nodes.js';
import { withSluice } from '../../support/sluice.js';
import { type Block, blocks, stallAt, stallsOptions } from '../../support/stalls.js';
import { type Experiment, type Outcome, type Row, violations } from '../experiment.js';

const hangDetectionMs = 10_000;
const foundWithinMs = 1_000;
const killedWithinMs = 2_000;

interface Found extends Row {
  readonly missed: readonly string[];
}

export const blockedLoop: Experiment = {
  name: 'blocked-loop',
  promise: 'blocked event loop: replaced within hangDetection + 1 s, killed within + 2 s, the stack names the place',
  async run(scale): Promise<Outcome> {
    const rows: Found[] = [];
    const limitMs = Math.max(2_000, Math.round((hangDetectionMs * scale) / 1_000) * 1_000);
    for (const node of nodes()) {
      const hangDetection = `00:00:${String(limitMs / 1_000).padStart(2, '0')}`;
      await withSluice(stallsOptions(hangDetection, node), async (sluice) => {
        for (const block of blocks) {
          const stall = await stallAt(sluice, block.path);
          rows.push(
            judge(`${node} ${block.path}`, block, limitMs, stall.replacedMs, stall.goneMs, stall.attachment?.text),
          );
        }
      });
    }
    const measured = `hangDetection ${limitMs} ms; ${rows.length} blocks, each in the table`;
    return {
      measured,
      broken: rows.flatMap(({ broken }) => broken),
      missed: rows.flatMap(({ missed }) => missed),
      rows,
    };
  },
};

function judge(
  name: string,
  block: Block,
  limitMs: number,
  replacedMs: number,
  goneMs: number,
  text: string | undefined,
): Found {
  const replaced = Math.round(replacedMs - limitMs);
  const gone = Math.round(goneMs - limitMs);
  const [summary = 'nothing'] = (text ?? '').split('\n');
  return {
    name,
    measured: `found and replaced at + ${replaced} ms, dead at + ${gone} ms: ${summary}`,
    broken: violations({
      [`${name}: the place is named, not "${summary}"`]: block.says.test(text ?? ''),
      [`${name}: not before the limit (${replaced} ms)`]: replaced >= 0,
    }),
    missed: violations({
      [`${name}: replaced within ${foundWithinMs} ms, not ${replaced}`]: replaced <= foundWithinMs,
      [`${name}: dead ${killedWithinMs} ms after that, not ${gone}`]: gone - replaced <= killedWithinMs,
    }),
  };
}
