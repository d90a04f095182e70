/** Full TLS handshakes: clients that connect anew again and again, with the CPU time of the server's processes around them. */
import { join } from 'node:path';
import { freePort } from '../support/free-port.js';
import { app } from '../support/paths.js';
import { cpuSeconds } from '../support/processes.js';
import { run, startProgram } from '../support/program.js';
import { removeFolder, tempFolder } from '../support/temp-folder.js';
import { TestAuthority } from '../support/test-certificates.js';
import { until } from '../support/time.js';
import { median } from './measure.js';
import type { BenchPath, RunningPath } from './paths.js';

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

/** Node's own TLS in one process, without HTTP: the floor of whatever is built on it. */
export function bareTls(kind: 'rsa' | 'ec'): BenchPath {
  return {
    name: 'node:tls alone',
    missing: null,
    start: async () => {
      const folder = tempFolder('bench');
      const { certFile, keyFile } = new TestAuthority(folder).issue({ names: ['bench.test'], kind });
      const port = await freePort();
      const env = { ...process.env, PORT: String(port), CERT: certFile, KEY: keyFile };
      const program = startProgram(process.execPath, [join(app('bench'), 'handshakes.js')], { env });
      await until('it listens', () => program.output().includes('ready'), { withinMs: 30_000 });
      const stop = async (): Promise<void> => {
        await program.stop();
        removeFolder(folder);
      };
      return { port, tlsPort: port, front: () => [program.pid], app: () => [], stop };
    },
  };
}
