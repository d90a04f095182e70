/** What testssl.sh and sslscan say about a real binding with the certificate of a private authority. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { reasonToSkip } from '../../../support/missing.js';
import { app } from '../../../support/paths.js';
import { run as runProgram } from '../../../support/program.js';
import { type Sluice, withSluice } from '../../../support/sluice.js';
import { removeFolder, tempFolder } from '../../../support/temp-folder.js';
import { TestAuthority } from '../../../support/test-certificates.js';
import { gradeOf, type TlsFacts } from './grade.js';
import { type Experiment, type Outcome, violations } from '../../experiment.js';

/** Has to resolve everywhere: testssl.sh asks for the address itself. */
const host = 'localhost';
const limitMs = 900_000;
const hstsSeconds = 31_536_000;
/**
 * Who vouches for the certificate, whether it was revoked, and what name servers say: not ours to show here. Nor are
 * the fields that an application chooses (`security_headers`).
 */
const notOurs =
  /^security_headers|^cert_(?:chain_of_trust|trust|revocation|crlDistributionPoints|ocspRevoked|ocspURL|mustStaple|crl)|^OCSP|^DNS_/;

interface Finding {
  readonly id: string;
  readonly severity: string;
  readonly finding: string;
}

/** `isShort`: protocols, ciphers and headers alone. */
async function testssl(port: number, folder: string, isShort: boolean): Promise<readonly Finding[]> {
  const file = join(folder, 'testssl.json');
  const part = isShort ? ['--protocols', '--std', '--server-defaults', '--headers'] : [];
  const options = ['--quiet', '--color', '0', '--warnings', 'off', '--ip', '127.0.0.1', '--jsonfile', file];
  const { output } = await runProgram('testssl', [...options, ...part, `${host}:${port}`], { limitMs });
  if (!existsSync(file)) throw new Error(`testssl.sh wrote nothing:\n${output.slice(-2_000)}`);
  return JSON.parse(readFileSync(file, 'utf8')) as Finding[];
}

function isBad({ id, severity }: Finding): boolean {
  return ['MEDIUM', 'HIGH', 'CRITICAL', 'FATAL'].includes(severity) && !notOurs.test(id);
}

interface Scan {
  /** Lines that an administrator would have to do something about. */
  readonly bad: readonly string[];
  readonly facts: Pick<TlsFacts, 'protocols' | 'cipherBits' | 'cipherNames' | 'keyBits'>;
}

async function sslscan(port: number): Promise<Scan> {
  const { output } = await runProgram('sslscan', ['--no-colour', '--sni-name', host, `127.0.0.1:${port}`], { limitMs });
  const lines = output.split('\n').map((line) => line.trim());
  const accepted = lines.filter((line) => /^(?:Preferred|Accepted)\s/.test(line));
  const weak = accepted.filter((line) => /SSLv|TLSv1\.[01]|\bDES\b|3DES|RC4|MD5|NULL|EXP|CBC|-SHA\b/.test(line));
  const old = lines.filter((line) => /^(?:SSLv2|SSLv3|TLSv1\.0|TLSv1\.1)\s+enabled/.test(line));
  const rest = lines.filter((line) => /vulnerable to heartbleed/.test(line) && !/not vulnerable/.test(line));
  const loose = lines.filter((line) => /Insecure session renegotiation supported|Compression enabled/.test(line));
  const protocols = lines.flatMap((line) => /^((?:SSL|TLS)v[\d.]+)\s+enabled/.exec(line)?.[1] ?? []);
  const ciphers = accepted.map((line) => /\s(\d+) bits\s+(\S+)/.exec(line));
  const facts = {
    protocols,
    cipherBits: ciphers.map((found) => Number(found?.[1] ?? 0)),
    cipherNames: ciphers.map((found) => found?.[2] ?? ''),
    keyBits: Number(/RSA Key Strength:\s+(\d+)/.exec(output)?.[1] ?? 0),
  };
  return { bad: [...weak, ...old, ...rest, ...loose], facts };
}

async function grade(sluice: Sluice, folder: string, isShort: boolean): Promise<Outcome> {
  const scan = await sslscan(sluice.port);
  const findings = await testssl(sluice.port, folder, isShort);
  const bad = findings.filter(isBad);
  const hsts = findings.find(({ id }) => id === 'HSTS_time' || id === 'HSTS');
  const low = findings.filter(({ severity }) => severity === 'LOW').map(({ id }) => id);
  const isVulnerable = bad.length > 0 || scan.bad.length > 0;
  const rated = gradeOf({ ...scan.facts, isVulnerable, hstsSeconds });
  return {
    measured: `grade ${rated.letter} (${rated.score} of 100); testssl.sh: ${findings.length} findings, ${bad.length} above low, low: ${low.join(' ') || 'none'}; sslscan: ${scan.facts.cipherBits.length} ciphers, ${scan.bad.length} bad`,
    broken: violations({
      [`testssl.sh: ${bad.map(({ id, severity, finding }) => `${id} ${severity} ${finding}`).join('; ')}`]:
        bad.length === 0,
      [`sslscan: ${scan.bad.join('; ')}`]: scan.bad.length === 0 && scan.facts.cipherBits.length > 0,
      'no HSTS was seen': hsts !== undefined && hsts.severity === 'OK',
      [`grade ${rated.letter}, the docs say A+`]: rated.letter === 'A+',
      'testssl.sh saw too little': findings.length > 30,
    }),
    missed: [],
  };
}

async function run(scale: number): Promise<Outcome> {
  const skip = reasonToSkip(['testssl', 'sslscan']);
  if (skip !== null) return { measured: `did not run: ${skip}`, broken: [], missed: [skip] };
  const folder = tempFolder('graders');
  const { certFile, keyFile } = new TestAuthority(join(folder, 'ca')).issue({ names: [host], kind: 'rsa', days: 90 });
  const found: Outcome[] = [];
  try {
    await withSluice(
      {
        applicationPools: [{ name: 'p' }],
        sites: (port) => [
          {
            name: 'main',
            bindings: [{ protocol: 'https', bindingInformation: `*:${port}:`, certificate: { certFile, keyFile } }],
            hsts: { enabled: true, 'max-age': hstsSeconds },
            applications: [{ path: '/', applicationPool: 'p', physicalPath: app('plain') }],
          },
        ],
      },
      async (sluice) => {
        found.push(await grade(sluice, folder, scale < 1));
      },
    );
  } finally {
    removeFolder(folder);
  }
  return found[0] ?? { measured: 'nothing', broken: ['did not run'], missed: [] };
}

export const tlsGraders: Experiment = {
  name: 'tls-graders',
  promise:
    'testssl.sh and sslscan: no finding above low except trust, revocation and DNS; HSTS on; grade A+ by SSL Labs’ guide',
  run,
};
