/** Admits only the host: whoever else can reach the port does not know the pairing token. */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { header } from './contract.js';

const tokenName = header.token.toLowerCase();

export class PairingGuard {
  readonly #expected: Buffer;

  constructor(token: string) {
    this.#expected = Buffer.from(token, 'latin1');
  }

  /**
   * True when the request carries the token exactly once. The application never sees it: a token in a
   * log or an error page is a token for everybody.
   */
  admits(request: IncomingMessage): boolean {
    const { rawHeaders } = request;
    let seen = 0;
    let right = false;
    for (let index = 0; index < rawHeaders.length; index += 2) {
      if (rawHeaders[index]?.toLowerCase() !== tokenName) continue;
      seen += 1;
      right = this.#equals(rawHeaders[index + 1] ?? '');
      // Blanked, not cut out: Node counts on the length when it builds headersDistinct later.
      rawHeaders[index + 1] = '';
    }
    delete request.headers[tokenName];
    return right && seen === 1;
  }

  #equals(given: string): boolean {
    const bytes = Buffer.from(given, 'latin1');
    return bytes.length === this.#expected.length && timingSafeEqual(bytes, this.#expected);
  }
}
