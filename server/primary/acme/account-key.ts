/** The key of an account with an authority: JSON Web Signatures by ES256 (RFC 7515, RFC 7518 3.4, RFC 8555 6.2). */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export interface SignedHeader {
  readonly nonce: string;
  readonly url: string;
  /** Address of the account; '' = it is not known yet, and the key itself is sent. */
  readonly account: string;
}

export class AccountKey {
  readonly #key: KeyObject;
  readonly #jwk: Readonly<Record<string, string>>;

  /** Throws when `pem` holds no EC key. */
  constructor(pem: string) {
    this.#key = createPrivateKey(pem);
    const { kty = '', crv = '', x = '', y = '' } = createPublicKey(this.#key).export({ format: 'jwk' });
    if (crv !== 'P-256') throw new Error('the account key is no EC key on P-256');
    // The order of RFC 7638 3.2, for the thumbprint.
    this.#jwk = { crv, kty, x, y };
  }

  static generate(): string {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  }

  /** What proves that whoever shows it knows the account (RFC 8555 8.1). */
  authorization(token: string): string {
    const thumbprint = createHash('sha256').update(JSON.stringify(this.#jwk)).digest('base64url');
    return `${token}.${thumbprint}`;
  }

  /** null as payload = POST-as-GET (RFC 8555 6.3). */
  signed({ nonce, url, account }: SignedHeader, payload: object | null): string {
    const who = account === '' ? { jwk: this.#jwk } : { kid: account };
    const head = encode(JSON.stringify({ alg: 'ES256', nonce, url, ...who }));
    const body = payload === null ? '' : encode(JSON.stringify(payload));
    const signature = sign('sha256', Buffer.from(`${head}.${body}`), { key: this.#key, dsaEncoding: 'ieee-p1363' });
    return JSON.stringify({ protected: head, payload: body, signature: signature.toString('base64url') });
  }
}

function encode(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64url');
}
