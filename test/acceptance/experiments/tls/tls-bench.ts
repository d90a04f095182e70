/** What TLS costs beside nginx: full handshakes, and requests on connections that are kept. */
import { type HandshakeSample, measureHandshakes, medianHandshakes } from '../../../bench/handshakes.js';
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
  rsa: { own: sluiceTls('sluice', 'rsa'), peer: nginxTls('nginx', '', 'rsa') },
  ecdsa: { own: sluiceTls('sluice', 'ec'), peer: nginxTls('nginx', '', 'ec') },
} as const;

interface Rounds {
  readonly count: number;
  readonly seconds: number;
}

/** Both run at once and are measured by turns, another one first in every round. */
async function interleaved<T>(
  { own, peer }: { readonly own: BenchPath; readonly peer: BenchPath },
  { count, seconds }: Rounds,
  sample: (running: RunningPath, seconds: number) => Promise<T>,
): Promise<{ readonly own: T[]; readonly peer: T[] }> {
  const found = { own: [] as T[], peer: [] as T[] };
  const started: { readonly running: RunningPath; readonly samples: T[] }[] = [];
  try {
    started.push({ running: await own.start(), samples: found.own });
    started.push({ running: await peer.start(), samples: found.peer });
    for (const { running } of started) await sample(running, 1);
    for (let round = 0; round < count; round += 1) {
      const order = round % 2 === 0 ? started : [...started].reverse();
      for (const { running, samples } of order) samples.push(await sample(running, seconds));
    }
  } finally {
    for (const { running } of started) await running.stop();
  }
  return found;
}

interface Compared {
  readonly own: HandshakeSample;
  readonly peer: HandshakeSample;
  readonly share: number;
}

async function handshakes(kind: keyof typeof paths, rounds: Rounds): Promise<Compared> {
  const found = await interleaved(paths[kind], rounds, measureHandshakes);
  const [own, peer] = [medianHandshakes(found.own), medianHandshakes(found.peer)];
  return { own, peer, share: own.perCore / peer.perCore };
}

function told(kind: string, { own, peer, share }: Compared): string {
  return `${kind}: ${own.perCore.toFixed(0)} full handshakes per second of CPU, nginx ${peer.perCore.toFixed(0)} (${share.toFixed(2)} x)`;
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
  const [own, peer] = [medianSample(kept.own), medianSample(kept.peer)];
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
