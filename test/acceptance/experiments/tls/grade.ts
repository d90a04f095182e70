/**
 * The letter of SSL Labs' Server Rating Guide for what sslscan and testssl.sh saw (testssl.sh 3.0 gives none): the score
 * of protocols (30 %), key exchange (30 %) and ciphers (40 %), with the guide's caps. Whether the certificate is
 * trusted is left out.
 */
export interface TlsFacts {
  /** As sslscan writes them: `TLSv1.2`. */
  readonly protocols: readonly string[];
  readonly cipherBits: readonly number[];
  readonly cipherNames: readonly string[];
  readonly keyBits: number;
  /** Heartbleed, renegotiation, compression and the other attacks that the tools look for. */
  readonly isVulnerable: boolean;
  /** 0 = no HSTS. */
  readonly hstsSeconds: number;
}

export interface Grade {
  readonly letter: string;
  /** Of 100. */
  readonly score: number;
}

const protocolScores: Readonly<Record<string, number>> = {
  SSLv3: 80,
  'TLSv1.0': 90,
  'TLSv1.1': 95,
  'TLSv1.2': 100,
  'TLSv1.3': 100,
};
/** At least half a year. */
const hstsSecondsLong = 15_552_000;
const letters = ['A+', 'A', 'B', 'C', 'D', 'E', 'F'];

function mean(scores: readonly number[]): number {
  return scores.length === 0 ? 0 : (Math.max(...scores) + Math.min(...scores)) / 2;
}

function keyScore(bits: number): number {
  if (bits >= 4_096) return 100;
  if (bits >= 2_048) return 90;
  if (bits >= 1_024) return 80;
  return bits >= 512 ? 40 : 20;
}

function cipherScore(bits: number): number {
  if (bits >= 256) return 100;
  if (bits >= 128) return 80;
  return bits > 0 ? 20 : 0;
}

function letterOf(score: number): string {
  const least = [80, 65, 50, 35, 20].findIndex((bound) => score >= bound);
  return letters[least === -1 ? letters.length - 1 : least + 1] ?? 'F';
}

export function gradeOf(facts: TlsFacts): Grade {
  const protocols = facts.protocols.map((one) => protocolScores[one] ?? 0);
  const ciphers = facts.cipherBits.map(cipherScore);
  const score = Math.round(0.3 * mean(protocols) + 0.3 * keyScore(facts.keyBits) + 0.4 * mean(ciphers));
  const hasOld = facts.protocols.some((one) => /^SSLv|^TLSv1\.[01]$/.test(one));
  const isForward = facts.cipherNames.every((one) => /^TLS_|DHE/.test(one));
  const isSealed = facts.cipherNames.some((one) => /^TLS_|GCM|CHACHA20|CCM/.test(one));
  const isLong = facts.hstsSeconds >= hstsSecondsLong;
  const capped = [
    letterOf(score),
    ...(facts.isVulnerable || ciphers.includes(0) || protocols.includes(0) ? ['F'] : []),
    ...(facts.protocols.some((one) => one === 'TLSv1.2' || one === 'TLSv1.3') ? [] : ['C']),
    ...(hasOld || !isForward || !isSealed ? ['B'] : []),
  ];
  const worst = letters[Math.max(...capped.map((one) => letters.indexOf(one)))] ?? 'F';
  return { letter: worst === 'A' && isLong && facts.protocols.includes('TLSv1.3') ? 'A+' : worst, score };
}
