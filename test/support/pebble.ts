/**
 * Let's Encrypt's test authority with its test name server, on ports of their own: strict, refusing nonces, using
 * old authorizations again at random, and looking at challenges for real.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'node:https';
import { findProgram } from './find-program.js';
import { freePort } from './free-port.js';
import { call } from './http-client.js';
import { type Program, startProgram } from './program.js';
import type { Settings } from './sluice.js';
import { TestAuthority } from './test-certificates.js';
import { tempFolder, removeFolder } from './temp-folder.js';
import { until } from './time.js';

export interface PebblePorts {
  /** Where it looks for http-01. */
  readonly http: number;
  /** Where it looks for tls-alpn-01. */
  readonly https: number;
}

export class Pebble {
  readonly directory: string;
  /** Vouches for the directory's own certificate. */
  readonly authoritiesFile: string;
  readonly #programs: readonly Program[];
  readonly #folder: string;
  readonly #names: number;

  constructor(directory: string, authoritiesFile: string, programs: readonly Program[], folder: string, names: number) {
    this.directory = directory;
    this.authoritiesFile = authoritiesFile;
    this.#programs = programs;
    this.#folder = folder;
    this.#names = names;
  }

  /** The settings of a server that asks it. */
  acme(more: Settings = {}): Settings {
    const { directory, authoritiesFile } = this;
    return { termsOfServiceAgreed: true, email: 'ops@shop.test', directory, authoritiesFile, ...more };
  }

  output(): string {
    return this.#programs.map((one) => one.output()).join('\n');
  }

  /** Whether the name leads anywhere: every name leads to this machine until then. */
  async leadsNowhere(host: string, isLost: boolean): Promise<void> {
    const path = isLost ? '/set-servfail' : '/clear-servfail';
    await call(this.#names, path, { method: 'POST', body: JSON.stringify({ host }) });
  }

  async stop(): Promise<void> {
    for (const one of this.#programs) await one.stop();
    removeFolder(this.#folder);
  }
}

/** `validitySeconds`: how long its certificates live. */
export async function startPebble(ports: PebblePorts, validitySeconds = 7_776_000): Promise<Pebble> {
  const folder = tempFolder('pebble');
  const authority = new TestAuthority(join(folder, 'ca'), 'Directory');
  const own = authority.issue({ names: ['localhost'] });
  const [listen, management, dns, names] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const config = {
    pebble: {
      listenAddress: `127.0.0.1:${listen}`,
      managementListenAddress: `127.0.0.1:${management}`,
      certificate: own.certFile,
      privateKey: own.keyFile,
      httpPort: ports.http,
      tlsPort: ports.https,
      ocspResponderURL: '',
      externalAccountBindingRequired: false,
      certificateValidityPeriod: validitySeconds,
    },
  };
  writeFileSync(join(folder, 'pebble.json'), JSON.stringify(config));
  const off = ['-http01', '', '-https01', '', '-tlsalpn01', '', '-defaultIPv6', ''];
  const where = ['-dns01', `127.0.0.1:${dns}`, '-management', `127.0.0.1:${names}`, '-defaultIPv4', '127.0.0.1'];
  const env = { ...process.env, PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '25', PEBBLE_AUTHZREUSE: '50' };
  const args = ['-config', join(folder, 'pebble.json'), '-dnsserver', `127.0.0.1:${dns}`, '-strict'];
  const programs = [
    startProgram(findProgram('pebble-challtestsrv') ?? '', [...where, ...off], { cwd: folder }),
    startProgram(findProgram('pebble') ?? '', args, { cwd: folder, env }),
  ];
  const directory = `https://localhost:${listen}/dir`;
  const pebble = new Pebble(directory, authority.file, programs, folder, names);
  await until('pebble answers', () => answers(directory, authority.pem), { state: () => pebble.output() });
  return pebble;
}

function answers(url: string, ca: string): Promise<boolean> {
  return new Promise((resolve) => {
    request(url, { ca, agent: false }, (answer) => resolve(answer.resume().statusCode === 200))
      .once('error', () => resolve(false))
      .end();
  });
}
