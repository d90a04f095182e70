import { expect, test } from '@jest/globals';
import { http2Scripts } from '../../conformance/http2/index.js';
import { EngineUnderTest } from '../../conformance/http2/on-engine.js';
import { isProbeAnswered, type Script, stepsOf } from '../../conformance/http2/script.js';
import { Random } from '../../support/random.js';

const random = new Random(20_261_121);

/** Everything that can be seen from outside, with the pieces of bodies put together. */
function outcome(script: Script, cut: (bytes: Buffer) => readonly Buffer[]): unknown {
  const engine = new EngineUnderTest();
  for (const step of stepsOf(script)) {
    if (!Buffer.isBuffer(step)) continue;
    for (const part of cut(step)) engine.send(part);
  }
  const { log, told } = engine;
  return {
    told: told.filter((line) => !line.startsWith('data ')),
    alive: isProbeAnswered(log),
    frames: log.frames.filter((one) => one.type !== 0 && one.type !== 8).map((one) => [one.type, one.id, one.fields]),
    bodies: [1, 3, 5].map((id) => log.body(id)),
  };
}

function atRandom(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  const usual = bytes.length > 5_000 ? 1_500 : 40;
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + random.below(random.below(10) === 0 ? 5_000 : usual));
    parts.push(bytes.subarray(at, end));
    at = end;
  }
  return parts;
}

/** A request that is reset in the same bytes is never told: there the pieces matter. */
const isAboutPieces = (script: Script): boolean => /CVE-2023|CVE-2025/.test(script.source);

test('any split of the same bytes gives the same result', () => {
  for (const script of http2Scripts) {
    if (isAboutPieces(script)) continue;
    const whole = outcome(script, (bytes) => [bytes]);
    const size = stepsOf(script).reduce((sum, step) => sum + (Buffer.isBuffer(step) ? step.length : 0), 0);
    const name = `${script.source}: ${script.name}`;
    expect({ name, found: outcome(script, atRandom) }).toEqual({ name, found: whole });
    if (size > 2_000) continue;
    expect({ name, found: outcome(script, (bytes) => [...bytes].map((byte) => Buffer.from([byte]))) }).toEqual({
      name,
      found: whole,
    });
  }
});
