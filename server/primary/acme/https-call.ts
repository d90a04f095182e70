/** One exchange with an authority: https alone, bounded in time and size, no redirects. */
import { request } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../../../config/base/clock.js';
import { acmeAnswerBytesMax, acmeCallLimitMs } from '../../../config/base/limits.js';

export interface HttpsAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface HttpsCall {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: string;
  /** JSON that is signed already; '' = none. */
  readonly body: string;
  /** PEM; '' = the authorities that Node knows. */
  readonly authorities: string;
}

export function httpsCall({ method, url, body, authorities }: HttpsCall, clock: Clock): Promise<HttpsAnswer> {
  return new Promise((resolve, reject) => {
    if (!URL.canParse(url) || new URL(url).protocol !== 'https:') return reject(new Error('no https address'));
    const fields = { 'user-agent': 'sluice', ...(body === '' ? {} : { 'content-type': 'application/jose+json' }) };
    const call = request(
      url,
      {
        method,
        // Nothing is kept: orders are months apart.
        agent: false,
        headers: { ...fields, ...(body === '' ? {} : { 'content-length': Buffer.byteLength(body) }) },
        ...(authorities === '' ? {} : { ca: authorities }),
      },
      (answer) => {
        const chunks: Buffer[] = [];
        let size = 0;
        answer.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > acmeAnswerBytesMax)
            call.destroy(new Error(`the answer has more than ${acmeAnswerBytesMax} bytes`));
          else chunks.push(chunk);
        });
        answer.once('error', failed);
        answer.once('end', () => {
          cancel();
          const { statusCode = 0, headers } = answer;
          resolve({ status: statusCode, headers, body: Buffer.concat(chunks).toString('utf8') });
        });
      },
    );
    const cancel = clock.setTimer(acmeCallLimitMs, () => call.destroy(new Error(`no answer in ${acmeCallLimitMs} ms`)));
    function failed(error: Error): void {
      cancel();
      reject(error);
    }
    call.once('error', failed);
    call.end(body);
  });
}
