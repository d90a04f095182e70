/**
 * Mutates the corpus with a printed seed. Whatever the bytes are: no throw, one verdict for every split, and what both
 * accept is read by this Node's own parser as the same requests (it refuses some of what RFC 9110 allows, such as a tab
 * behind the number of Content-Length). `SLUICE_FUZZ_SECONDS` lengthens the run,
 * `SLUICE_FUZZ_SEED` repeats one.
 */
import { expect, test } from '@jest/globals';
import { mustAccept, mustRefuse } from '../conformance/corpus/index.js';
import { nodeView } from '../support/node-http-view.js';
import { Random } from '../support/random.js';
import { judge, judgeSplit } from '../unit/http1/judge.js';
import { mutate } from './mutate.js';

const seed = Number(process.env['SLUICE_FUZZ_SEED'] ?? 20_260_801);
const seconds = Number(process.env['SLUICE_FUZZ_SECONDS'] ?? 0);
const rounds = 6_000;
const seeds = [...mustRefuse(), ...mustAccept()].map((entry) => entry.bytes).filter((bytes) => bytes.length < 2_000);

/** Node refuses framing fields in trailers; we drop them, as RFC 9110 6.5.1 allows. */
const framingInTrailers = /\r\n0+(?:;[^\r]*)?\r\n(?:[^\r]+\r\n)*(?:content-length|transfer-encoding):/i;

/** Rounds until the fixed number is done or, when asked for, the seconds are over. */
function isOver(round: number, started: number): boolean {
  return seconds > 0 ? performance.now() - started > seconds * 1_000 : round >= rounds;
}

test(
  `mutated requests, seed ${seed}`,
  async () => {
    const random = new Random(seed);
    const started = performance.now();
    let accepted = 0;
    let compared = 0;
    for (let round = 0; !isOver(round, started); round++) {
      const bytes = mutate(random, seeds);
      const name = `seed ${seed} round ${round}: ${JSON.stringify(bytes.toString('latin1')).slice(0, 2_000)}`;
      const whole = judge(bytes);
      const offsets = Array.from({ length: 1 + random.below(8) }, () => random.below(bytes.length + 1)).sort(
        (a, b) => a - b,
      );
      expect({ name, verdict: judgeSplit(bytes, offsets) }).toEqual({ name, verdict: whole });
      if (whole.outcome !== 'end' || whole.requests.length === 0) continue;
      accepted++;
      // Every eighth is enough: a request through Node's server costs more than all the rest.
      if (accepted % 8 !== 0 || framingInTrailers.test(bytes.toString('latin1'))) continue;
      const node = await nodeView(bytes);
      if (!node.failed) compared++;
      const bodies = whole.requests.map((line) => /\] body=(".*") trailers=/.exec(line)?.[1] ?? '""');
      const read = node.requests.map((request) => JSON.stringify(request.body));
      // Up to what it refuses.
      expect({ name, bodies: read }).toEqual({ name, bodies: node.failed ? bodies.slice(0, read.length) : bodies });
    }
    expect(accepted).toBeGreaterThan(rounds / 100);
    // Refusals of its own are rare.
    expect(compared).toBeGreaterThan(accepted / 16);
  },
  Math.max(60_000, seconds * 2_000),
);
