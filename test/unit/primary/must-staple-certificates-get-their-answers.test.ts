/** `openssl ocsp` answers what our question asks; its answers are judged, kept, asked for anew and taken away. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Clock } from '../../../config/base/clock.js';
import { type CertificateFiles, readCertificate } from '../../../config/load/certificate-files.js';
import { mustStaple, ocspRequest, readOcspAnswer, responderOf } from '../../../server/primary/ocsp/messages.js';
import { Stapler } from '../../../server/primary/ocsp/stapler.js';
import { systemClock } from '../../../server/primary/clock.js';
import { ManualClock } from '../../support/manual-clock.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { type MadeCertificate, openssl, TestAuthority } from '../../support/test-certificates.js';
import { until } from '../../support/time.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const folder = tempFolder('ocsp');
const authority = new TestAuthority(join(folder, 'ca'));
const access = 'authorityInfoAccess=OCSP;URI:http://ocsp.test/';
const stapled = ['tlsfeature=status_request', access];
const issuer = new X509Certificate(authority.pem);
let good: MadeCertificate;
let revoked: MadeCertificate;
let plain: MadeCertificate;

beforeAll(() => {
  good = authority.issue({ names: ['good.test'], extensions: stapled });
  revoked = authority.issue({ names: ['revoked.test'], extensions: stapled, kind: 'rsa' });
  plain = authority.issue({ names: ['plain.test'], extensions: [access] });
});

afterAll(() => removeFolder(folder));

/** What `openssl ca` keeps: one line per certificate. */
function index(): string {
  const ends = '491231235959Z';
  const line = (state: string, { cert }: MadeCertificate, when: string): string =>
    `${state}\t${ends}\t${when}\t${new X509Certificate(cert).serialNumber}\tunknown\t/CN=x\n`;
  const file = join(folder, 'index.txt');
  writeFileSync(file, line('V', good, '') + line('R', revoked, '240101000000Z'));
  return file;
}

/** The answer of a responder of this authority, which holds for so many minutes. */
function answer(question: Buffer, minutes = 600, signer = authority): Buffer {
  const [asked, answered] = [join(folder, 'question.der'), join(folder, 'answer.der')];
  writeFileSync(asked, question);
  const key = join(signer.folder, 'ca.key');
  const who = ['-rsigner', signer.file, '-rkey', key, '-CA', authority.file, '-index', index()];
  const args = ['ocsp', ...who, '-reqin', asked, '-respout', answered, '-nmin', String(minutes), '-noverify'];
  execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  return readFileSync(answered);
}

const parsed = ({ cert }: MadeCertificate): X509Certificate => new X509Certificate(cert);

test('only certificates that say so are stapled, and openssl understands what is asked', () => {
  expect([good, plain].map((one) => mustStaple(parsed(one)))).toEqual([true, false]);
  expect(responderOf(parsed(good))).toBe('http://ocsp.test/');
  const file = join(folder, 'shown.der');
  writeFileSync(file, ocspRequest(parsed(good), issuer));
  expect(openssl('ocsp', '-reqin', file, '-req_text')).toContain(parsed(good).serialNumber.replace(/^0/, ''));
});

test('an answer is believed when it is good news about this certificate, from its issuer', () => {
  const question = ocspRequest(parsed(good), issuer);
  const bytes = answer(question);
  const { thisUpdateMs, nextUpdateMs } = readOcspAnswer(bytes, parsed(good), issuer);
  expect(nextUpdateMs - thisUpdateMs).toBe(10 * hourMs);
  const bad = (what: Buffer, made = good): string => {
    try {
      readOcspAnswer(what, parsed(made), issuer);
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(bad(answer(ocspRequest(parsed(revoked), issuer)), revoked)).toMatch(/revoked/);
  expect(bad(answer(ocspRequest(parsed(plain), issuer)), plain)).toMatch(/revoked, or the responder does not know/);
  expect(bad(bytes, revoked)).toMatch(/another certificate/);
  const stranger = new TestAuthority(join(folder, 'stranger'), 'Stranger');
  expect(bad(answer(question, 600, stranger))).toMatch(/signature/);
  const changed = Buffer.from(bytes);
  // A digit of a time.
  const at = changed.indexOf(Buffer.from([0x18, 0x0f])) + 10;
  changed[at] = (changed[at] ?? 0) ^ 1;
  expect(bad(changed)).toMatch(/signature/);
  for (let length = 0; length < bytes.length; length += 7) expect(bad(bytes.subarray(0, length))).not.toBe('');
});

let clock: ManualClock;
/** Time as the responder has it, moved by the test. */
let shifted: Clock;
let asked: number;
let answers: () => Buffer;
let changes: number;
let log: string[];

function stapler(): Stapler {
  return new Stapler({
    clock: shifted,
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: (event) => log.push(event) },
    ask: async () => {
      asked += 1;
      return answers();
    },
    changed: () => {
      changes += 1;
    },
  });
}

beforeEach(() => {
  clock = new ManualClock();
  const startMs = systemClock.wallMs() - clock.monotonicMs();
  shifted = {
    monotonicMs: () => clock.monotonicMs(),
    wallMs: () => startMs + clock.monotonicMs(),
    setTimer: (delayMs, fire) => clock.setTimer(delayMs, fire),
  };
  [asked, changes, log] = [0, 0, []];
});

test('answers are asked for once, anew at half their life, and are taken away when they end', async () => {
  const first = answer(ocspRequest(parsed(good), issuer), 60);
  answers = () => first;
  const made = stapler();
  expect(made.needs(parsed(plain), issuer)).toBe('');
  const id = made.needs(parsed(good), issuer);
  expect(await made.answer(id)).toBe(first.toString('base64'));
  expect([made.needs(parsed(good), issuer), asked]).toEqual([id, 1]);
  // The responder is away: the old answer goes on while it holds.
  answers = () => {
    throw new Error('away');
  };
  const shown: boolean[] = [];
  for (let step = 0; step < 13; step += 1) {
    const before = changes;
    clock.advance(5 * minuteMs + 1);
    if (step >= 5) await until('it asked again', () => changes > before);
    shown.push(made.now(id) !== '');
  }
  expect(shown.lastIndexOf(true)).toBeGreaterThanOrEqual(10);
  expect(shown.at(-1)).toBe(false);
  expect(asked).toBeGreaterThan(5);
  made.close();
});

test('a certificate without its issuer or responder is told, not asked about', () => {
  const made = stapler();
  answers = () => Buffer.alloc(0);
  expect(made.needs(parsed(good), null)).toBe('');
  expect([asked, log]).toEqual([0, ['must-staple-impossible']]);
  made.close();
});

test('it is known of every form of file that its certificate must be stapled', async () => {
  const [whole, alone] = [join(folder, 'whole.pem'), join(folder, 'alone.pem')];
  writeFileSync(whole, good.cert + good.key + authority.pem);
  writeFileSync(alone, good.cert + good.key);
  const pfxOf = (file: string): CertificateFiles => {
    openssl('pkcs12', '-export', '-in', file, '-out', `${file}.pfx`, '-passout', 'pass:word');
    return { kind: 'pfx', file: `${file}.pfx`, password: 'word' };
  };
  const pemOf = (file: string): CertificateFiles => ({ kind: 'pem', certFile: file, keyFile: file, password: '' });
  const first = answer(ocspRequest(parsed(good), issuer));
  answers = () => first;
  const made = stapler();
  const needs = async (files: CertificateFiles): Promise<string> => {
    const read = await readCertificate(files);
    return read.ok ? made.needs(read.leaf, read.issuer) : read.message;
  };
  // Without its issuer nobody can ask about it, and that is said.
  expect([await needs(pemOf(alone)), await needs(pfxOf(alone))]).toEqual(['', '']);
  expect(log.splice(0)).toEqual(['must-staple-impossible', 'must-staple-impossible']);
  const { fingerprint256 } = parsed(good);
  expect([await needs(pemOf(whole)), await needs(pfxOf(whole)), log]).toEqual([fingerprint256, fingerprint256, []]);
  made.close();
  writeFileSync(whole, good.cert + good.key + authority.pem.replace('\nMI', '\nAA'));
  expect(await needs(pemOf(whole))).toBe('the second certificate in it cannot be read');
});
