/** Certificates that vouch for themselves (RFC 5280): for development, and for challenges. */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { bits, der, integer, isTrue, objectId, octets, pem, sequence, set, time, utf8 } from './der.js';

export interface SelfSigned {
  readonly certificate: string;
  readonly privateKey: string;
}

export interface SelfSignedOptions {
  readonly commonName: string;
  /** Host names and IPv4 addresses, or `::1`. */
  readonly names: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Further extensions, by object id: critical ones with their DER. */
  readonly critical?: readonly (readonly [id: string, value: Buffer])[];
}

export const ecdsaWithSha256 = sequence(objectId('1.2.840.10045.4.3.2'));

/** ECDSA on P-256. */
export function selfSigned({
  commonName,
  names,
  notBeforeMs,
  notAfterMs,
  critical = [],
}: SelfSignedOptions): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = sequence(set(sequence(objectId('2.5.4.3'), utf8(commonName))));
  const extensions = [
    extension('2.5.29.17', sequence(...names.map(generalName))),
    extension('2.5.29.19', sequence(), true),
    extension('2.5.29.15', der(0x03, Buffer.from([7, 0x80])), true),
    extension('2.5.29.37', sequence(objectId('1.3.6.1.5.5.7.3.1'))),
    ...critical.map(([id, value]) => extension(id, value, true)),
  ];
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([0x40]), randomBytes(15)])),
    ecdsaWithSha256,
    name,
    sequence(time(notBeforeMs), time(notAfterMs)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = sign('sha256', body, privateKey);
  return {
    certificate: pem('CERTIFICATE', sequence(body, ecdsaWithSha256, bits(signature))),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

export function extension(id: string, value: Buffer, critical = false): Buffer {
  return critical ? sequence(objectId(id), isTrue(), octets(value)) : sequence(objectId(id), octets(value));
}

export function generalName(name: string): Buffer {
  if (name === '::1') return der(0x87, Buffer.concat([Buffer.alloc(15), Buffer.from([1])]));
  if (isIPv4(name)) return der(0x87, Buffer.from(name.split('.').map(Number)));
  return der(0x82, Buffer.from(name, 'latin1'));
}
