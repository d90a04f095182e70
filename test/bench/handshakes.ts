/** Full TLS handshakes: clients that connect anew again and again, with the CPU time of the server's processes around them. */
import { cpuSeconds } from '../support/processes.js';
import { run } from '../support/program.js';
import { median } from './measure.js';
import type { RunningPath } from './paths.js';

/** `openssl s_time`: one connection at a time each. */
const clients = 4;

export interface HandshakeSample {
  readonly perSecond: number;
  /** For each second of CPU of the server's processes: what one core could do. */
  readonly perCore: number;
}

/** TLS 1.3, no session is resumed. */
export async function measureHandshakes(path: RunningPath, seconds: number): Promise<HandshakeSample> {
  const { tlsPort } = path;
  if (tlsPort === undefined) throw new Error('no port of TLS');
  const pids = path.front();
  const before = cpuSeconds(pids);
  const args = ['s_time', '-connect', `127.0.0.1:${tlsPort}`, '-new', '-tls1_3', '-time', String(seconds)];
  const limitMs = seconds * 1_000 + 60_000;
  const ended = await Promise.all(Array.from({ length: clients }, () => run('openssl', args, { limitMs })));
  const counts = ended.map(({ output }) => Number(/^(\d+) connections in \d+ real seconds/m.exec(output)?.[1] ?? 0));
  if (counts.includes(0)) throw new Error(`nobody shook hands: ${ended[counts.indexOf(0)]?.output ?? ''}`);
  const done = counts.reduce((sum, one) => sum + one, 0);
  return { perSecond: done / seconds, perCore: done / (cpuSeconds(pids) - before) };
}

export function medianHandshakes(samples: readonly HandshakeSample[]): HandshakeSample {
  return {
    perSecond: median(samples.map((one) => one.perSecond)),
    perCore: median(samples.map((one) => one.perCore)),
  };
}
