/** Questions to a responder and its answers (RFC 6960), and whether a certificate wants one stapled (RFC 7633). */
import { createHash, createPublicKey, type KeyObject, verify, X509Certificate } from 'node:crypto';
import { der, integer, objectId, octets, sequence } from '../der.js';
import { derItems, type DerValue, derTags, itemAt, readDer } from './der-reader.js';

/** id-pe-tlsfeature, as it stands in a certificate, with status_request (5) in the list behind it. */
const tlsFeature = Buffer.from('06082b06010505070118', 'hex');
const statusRequest = Buffer.from('020105', 'hex');
const tlsFeatureBytesMax = 32;
const sha1 = '1.3.14.3.2.26';
const basicResponse = Buffer.from('2b0601050507300101', 'hex');
const ocspSigning = '1.3.6.1.5.5.7.3.9';

/** Object ids of signatures in hexadecimal. */
const digests: Readonly<Record<string, string>> = {
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
};

export interface OcspAnswer {
  readonly thisUpdateMs: number;
  /** 0 = newer information is always there. */
  readonly nextUpdateMs: number;
}

export function mustStaple(certificate: X509Certificate): boolean {
  const { raw } = certificate;
  const at = raw.indexOf(tlsFeature);
  return at >= 0 && raw.subarray(at, at + tlsFeatureBytesMax).includes(statusRequest);
}

/** http address of the responder; '' = the certificate names none. */
export function responderOf({ infoAccess = '' }: X509Certificate): string {
  return /^OCSP - URI:(http:\/\/\S+)$/m.exec(infoAccess)?.[1] ?? '';
}

/** DER of a question about one certificate. */
export function ocspRequest(certificate: X509Certificate, issuer: X509Certificate): Buffer {
  return sequence(sequence(sequence(sequence(certificateId(certificate, issuer)))));
}

function certificateId(certificate: X509Certificate, issuer: X509Certificate): Buffer {
  const algorithm = sequence(objectId(sha1), der(0x05));
  const { name, keyBits } = issuerParts(issuer);
  const serial = integer(Buffer.from(evenHex(certificate.serialNumber), 'hex'));
  return sequence(algorithm, octets(hash(name)), octets(hash(keyBits)), serial);
}

function hash(bytes: Buffer): Buffer {
  return createHash('sha1').update(bytes).digest();
}

function evenHex(hex: string): string {
  return hex.length % 2 === 0 ? hex : `0${hex}`;
}

/** The subject of an issuer, and its key without what says of which kind it is. */
function issuerParts({ raw }: X509Certificate): { readonly name: Buffer; readonly keyBits: Buffer } {
  const body = derItems(itemAt(derItems(readDer(raw).body), 0, derTags.sequence).body);
  // [version] serial signature issuer validity subject key
  const offset = body[0]?.tag === 0xa0 ? 1 : 0;
  const name = itemAt(body, offset + 4, derTags.sequence).whole;
  const key = derItems(itemAt(body, offset + 5, derTags.sequence).body);
  return { name, keyBits: itemAt(key, 1, derTags.bits).body.subarray(1) };
}

/**
 * What a responder says about this certificate, if it is good news from whom we may believe: the issuer, or whom
 * the issuer appointed. Throws Error with the reason otherwise.
 */
export function readOcspAnswer(bytes: Buffer, certificate: X509Certificate, issuer: X509Certificate): OcspAnswer {
  const response = derItems(readDer(bytes).body);
  const status = itemAt(response, 0, derTags.enumerated).body[0] ?? -1;
  if (status !== 0) throw new Error(`the responder answers with status ${status}`);
  const typed = derItems(itemAt(derItems(itemAt(response, 1, 0xa0).body), 0, derTags.sequence).body);
  if (!itemAt(typed, 0, derTags.objectId).body.equals(basicResponse)) throw new Error('the answer is of another type');
  const basic = derItems(readDer(itemAt(typed, 1, derTags.octets).body).body);
  const data = itemAt(basic, 0, derTags.sequence);
  const signer = signerOf(basic[3], issuer);
  const algorithm = itemAt(derItems(itemAt(basic, 1, derTags.sequence).body), 0, derTags.objectId).body.toString('hex');
  const signature = itemAt(basic, 2, derTags.bits).body.subarray(1);
  const digest = digests[algorithm];
  if (digest === undefined || !verify(digest, data.whole, signer, signature)) {
    throw new Error('the signature of the answer is not the issuer’s');
  }
  return singleAnswer(data, certificateId(certificate, issuer));
}

/** The issuer's own key, or that of a certificate in the answer that the issuer made for this. */
function signerOf(certificates: DerValue | undefined, issuer: X509Certificate): KeyObject {
  const list = certificates === undefined ? [] : derItems(readDer(certificates.body).body);
  for (const { whole } of list) {
    const delegate = new X509Certificate(whole);
    const mayAnswer = delegate.keyUsage?.includes(ocspSigning) === true;
    if (mayAnswer && delegate.checkIssued(issuer) && delegate.verify(issuer.publicKey)) return delegate.publicKey;
  }
  return createPublicKey(issuer.publicKey.export({ type: 'spki', format: 'pem' }));
}

function singleAnswer(data: DerValue, id: Buffer): OcspAnswer {
  const responses = derItems(data.body).find(({ tag }) => tag === derTags.sequence);
  for (const single of responses === undefined ? [] : derItems(responses.body)) {
    const parts = derItems(single.body);
    if (!sameId(itemAt(parts, 0, derTags.sequence).whole, id)) continue;
    // [0] good, [1] revoked, [2] unknown
    if (parts[1]?.tag !== 0x80) throw new Error('the certificate is revoked, or the responder does not know it');
    const next = parts[3];
    return {
      thisUpdateMs: timeOf(itemAt(parts, 2, derTags.time)),
      nextUpdateMs: next?.tag === 0xa0 ? timeOf(readDer(next.body)) : 0,
    };
  }
  throw new Error('the answer is about another certificate');
}

/** The parameters of the hash may be left out: only what is hashed and the serial count. */
function sameId(a: Buffer, b: Buffer): boolean {
  const [left, right] = [derItems(readDer(a).body), derItems(readDer(b).body)];
  return [1, 2, 3].every((index) => {
    const [one, other] = [left[index], right[index]];
    return one !== undefined && other !== undefined && one.whole.equals(other.whole);
  });
}

/** GeneralizedTime in UTC: YYYYMMDDHHMMSSZ. */
function timeOf({ body }: DerValue): number {
  const digits = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(body.toString('latin1'));
  if (digits === null) throw new RangeError('no time');
  const [, year = '', month = '', day = '', hour = '', minute = '', second = ''] = digits;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}
