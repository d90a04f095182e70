import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the range the kernel uses for outgoing connections and above what hosted programs are given. */
const first = 20_000;
const last = 32_000;

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '0.0.0.0', () => probe.close(() => resolve(true)));
  });
}

/** A TCP port that nobody listened on a moment ago. Somebody may be faster: starting retries with another. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(first, last);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port between ${first} and ${last}`);
}
