/** What TLS costs beside nginx: full handshakes, and requests on connections that are kept. */
import { bareTls, type HandshakeSample, measureHandshakes, medianHandshakes } from '../../../bench/handshakes.js';
import { measure, medianSample, type Sample } from '../../../bench/measure.js';
import type { BenchPath, RunningPath } from '../../../bench/paths.js';
import { nginxTls } from '../../../bench/peers.js';
import { sluiceTls } from '../../../bench/sluice-paths.js';
import { findProgram } from '../../../support/find-program.js';
import { type Experiment, type Outcome, scaled, violations } from '../../experiment.js';

const handshakeShareMin = 0.8;
const requestShareMax = 0.6;
const connections = 64;
const paths = {
  rsa: [sluiceTls('sluice', 'rsa'), nginxTls('nginx', '', 'rsa')],
  ecdsa: [sluiceTls('sluice', 'ec'), nginxTls('nginx', '', 'ec')],
} as const;

interface Rounds {
  readonly count: number;
  readonly seconds: number;
}

/** All run at once and are measured by turns, another one first in every round. In the order of `wanted`. */
async function interleaved<T>(
  wanted: readonly BenchPath[],
  { count, seconds }: Rounds,
  sample: (running: RunningPath, seconds: number) => Promise<T>,
): Promise<T[][]> {
  const started: { readonly running: RunningPath; readonly samples: T[] }[] = [];
  try {
    for (const path of wanted) started.push({ running: await path.start(), samples: [] });
    // As long as a round: code is compiled meanwhile.
    for (const { running } of started) await sample(running, seconds);
    for (let round = 0; round < count; round += 1) {
      for (let turn = 0; turn < started.length; turn += 1) {
        const one = started[(turn + round) % started.length];
        one?.samples.push(await sample(one.running, seconds));
      }
    }
  } finally {
    for (const { running } of started) await running.stop();
  }
  return started.map(({ samples }) => samples);
}

interface Compared {
  readonly own: HandshakeSample;
  readonly peer: HandshakeSample;
  /** What Node's TLS costs without us. */
  readonly bare: HandshakeSample;
  readonly share: number;
}

async function handshakes(kind: keyof typeof paths, rounds: Rounds): Promise<Compared> {
  const floor = bareTls(kind === 'rsa' ? 'rsa' : 'ec');
  const found = await interleaved([...paths[kind], floor], rounds, measureHandshakes);
  const [own = [], peer = [], bare = []] = found;
  const [ownMedian, peerMedian] = [medianHandshakes(own), medianHandshakes(peer)];
  const share = ownMedian.perCore / peerMedian.perCore;
  return { own: ownMedian, peer: peerMedian, bare: medianHandshakes(bare), share };
}

function told(kind: string, { own, peer, bare, share }: Compared): string {
  const floor = `node:tls alone ${bare.perCore.toFixed(0)} (${(bare.perCore / peer.perCore).toFixed(2)} x)`;
  return `${kind}: ${own.perCore.toFixed(0)} full handshakes per second of CPU, nginx ${peer.perCore.toFixed(0)} (${share.toFixed(2)} x), ${floor}`;
}

function total({ frontUs, appUs }: Sample): number {
  return frontUs + appUs;
}

async function run(scale: number): Promise<Outcome> {
  const missing = ['nginx', 'wrk', 'openssl'].filter((name) => findProgram(name) === null);
  if (missing.length > 0) {
    const reason = `not installed: ${missing.join(', ')}`;
    return { measured: `did not run: ${reason}`, broken: [], missed: [reason] };
  }
  const rounds = { count: scaled(5, scale, 1), seconds: scaled(5, scale, 1) };
  const rsa = await handshakes('rsa', rounds);
  const ecdsa = await handshakes('ecdsa', rounds);
  const kept = await interleaved(paths.rsa, rounds, (running, seconds) => measure(running, connections, seconds));
  const [own, peer] = [medianSample(kept[0] ?? []), medianSample(kept[1] ?? [])];
  const share = total(own) / total(peer);
  return {
    measured: `TLS 1.3, no resumption, ${told('RSA-2048', rsa)}, ${told('ECDSA P-256', ecdsa)}; keep-alive in-process ${total(own).toFixed(1)} us of CPU per request, nginx (TLS) -> node ${total(peer).toFixed(1)} (${share.toFixed(2)} x)`,
    broken: violations({ 'not every answer was good': own.errors === 0 && peer.errors === 0 }),
    missed: violations({
      [`RSA handshakes ${rsa.share.toFixed(2)} x nginx, goal ${handshakeShareMin}`]: rsa.share >= handshakeShareMin,
      [`CPU per request ${share.toFixed(2)} x nginx, goal ${requestShareMax}`]: share <= requestShareMax,
    }),
  };
}

export const tlsBench: Experiment = {
  name: 'tls-bench',
  promise:
    'full handshakes per core (RSA-2048, TLS 1.3, no resumption) >= 0.8 x nginx; TLS keep-alive CPU per request in-process <= 0.6 x nginx (TLS) -> node',
  run,
};
