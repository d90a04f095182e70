/**
 * Mutates worker answers with a printed seed: no throw, one verdict for every piece size, and the head that is written
 * for the client is always one clean answer without what must not travel. Settings as in request-mutations.
 */
import { expect, test } from '@jest/globals';
import { responseHead } from '../../server/http1/forward.js';
import { createResponseHead, parseResponseHead } from '../../server/http1/response-head.js';
import { hostileResponses } from '../conformance/corpus/index.js';
import { Random } from '../support/random.js';
import { judgeAnswer } from '../unit/http1/judge-answer.js';
import { mutate } from './mutate.js';

const seed = Number(process.env['SLUICE_FUZZ_SEED'] ?? 20_260_802);
const seconds = Number(process.env['SLUICE_FUZZ_SECONDS'] ?? 0);
const rounds = 10_000;
const seeds = [...hostileResponses()]
  .map((entry) => entry.bytes)
  .filter((bytes) => bytes.length > 0 && bytes.length < 1_000);
const neverTravels = ['connection', 'keep-alive', 'te', 'proxy-connection', 'ms-aspnetcore-token'];

/** The head for the client, read again: exactly one answer with one framing. */
function checkClientHead(name: string, bytes: Buffer): void {
  const head = createResponseHead();
  if (parseResponseHead(bytes, 0, bytes.length, 0, head) <= 0 || head.status < 200) return;
  const text = responseHead(head, {
    framing: 'chunked',
    date: 'now',
    connection: 'default',
    cookie: '',
    strictTransportSecurity: '',
  });
  const again = createResponseHead();
  const written = Buffer.from(text, 'latin1');
  const used = parseResponseHead(written, 0, written.length, 0, again);
  const names = again.fields.filter((_, i) => i % 2 === 0).map((field) => field.toLowerCase());
  expect({ name, used, framing: again.framing, status: again.status }).toEqual({
    name,
    used: written.length,
    framing: 'chunked',
    status: head.status,
  });
  expect({ name, bad: names.filter((field) => neverTravels.includes(field)) }).toEqual({ name, bad: [] });
}

test(
  `mutated answers, seed ${seed}`,
  () => {
    const random = new Random(seed);
    const started = performance.now();
    let good = 0;
    for (let round = 0; seconds > 0 ? performance.now() - started < seconds * 1_000 : round < rounds; round++) {
      const bytes = mutate(random, seeds);
      const name = `seed ${seed} round ${round}: ${JSON.stringify(bytes.toString('latin1')).slice(0, 2_000)}`;
      const whole = judgeAnswer(bytes);
      const split = judgeAnswer(bytes, 'GET', 1 + random.below(20));
      expect({ name, split }).toEqual({ name, split: whole });
      if (whole.outcome === 'ok') good++;
      checkClientHead(name, bytes);
    }
    expect(good).toBeGreaterThan(rounds / 100);
  },
  Math.max(60_000, seconds * 2_000),
);
