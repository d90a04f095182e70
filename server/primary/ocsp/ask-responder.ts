/** One question to a responder over plain http (RFC 6960 A.1): its answer is signed. Bounded in time and size. */
import { request } from 'node:http';
import type { Clock } from '../../../config/base/clock.js';
import { ocspAnswerBytesMax, ocspCallLimitMs } from '../../../config/base/limits.js';

export function askResponder(url: string, question: Buffer, clock: Clock): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/ocsp-request', 'content-length': question.length };
    const call = request(url, { method: 'POST', agent: false, headers }, (answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > ocspAnswerBytesMax) call.destroy(new Error(`the answer has more than ${ocspAnswerBytesMax} bytes`));
        else chunks.push(chunk);
      });
      answer.once('error', failed);
      answer.once('end', () => {
        cancel();
        if (answer.statusCode === 200) resolve(Buffer.concat(chunks));
        else reject(new Error(`the responder answers ${answer.statusCode ?? 0}`));
      });
    });
    const cancel = clock.setTimer(ocspCallLimitMs, () => call.destroy(new Error(`no answer in ${ocspCallLimitMs} ms`)));
    function failed(error: Error): void {
      cancel();
      reject(error);
    }
    call.once('error', failed);
    call.end(question);
  });
}
