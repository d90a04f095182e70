/** What is made for one order: the request for a certificate (RFC 2986) and the certificate of RFC 8737. */
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { bits, der, integer, objectId, octets, sequence, set, utf8 } from '../der.js';
import { ecdsaWithSha256, extension, generalName, type SelfSigned, selfSigned } from '../self-signed.js';

const dayMs = 86_400_000;
const extensionRequest = '1.2.840.113549.1.9.14';
const acmeIdentifier = '1.3.6.1.5.5.7.1.31';

export interface CertificateRequest {
  /** DER. */
  readonly request: Buffer;
  /** PEM, ECDSA on P-256; a new one for every certificate. */
  readonly privateKey: string;
}

export function certificateRequest(name: string): CertificateRequest {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  // A common name has 64 characters at most; names are in the extension anyway.
  const subject = name.length > 64 ? sequence() : sequence(set(sequence(objectId('2.5.4.3'), utf8(name))));
  const names = sequence(extension('2.5.29.17', sequence(generalName(name))));
  const body = sequence(
    integer(Buffer.from([0])),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa0, sequence(objectId(extensionRequest), set(names))),
  );
  return {
    request: sequence(body, ecdsaWithSha256, bits(sign('sha256', body, privateKey))),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** For the name, with the digest of the key authorization inside (RFC 8737 3). */
export function challengeCertificate(name: string, keyAuthorization: string, wallMs: number): SelfSigned {
  const digest = createHash('sha256').update(keyAuthorization).digest();
  return selfSigned({
    commonName: 'Sluice challenge',
    names: [name],
    notBeforeMs: wallMs - dayMs,
    notAfterMs: wallMs + dayMs,
    critical: [[acmeIdentifier, octets(digest)]],
  });
}
