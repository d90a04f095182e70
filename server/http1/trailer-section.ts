import { headerBlockBytesMax, headerFieldsMax } from '../../config/base/limits.js';
import { byteAt, CR, LF, latin1, valueClass } from './bytes.js';
import { isTrailerAllowed } from './field-kinds.js';
import { marks, scan, scanFields } from './field-scanner.js';
import { badRequest } from './rejections.js';
import type { Rejection } from './types.js';

/**
 * The trailer section of a chunked body (RFC 9112 7.1.2), collected until its empty line and judged by
 * the scanner of header fields, under the limits of headers. Exists only while trailers arrive.
 */
export class TrailerSection {
  done = false;
  trailers: string[] | null = null;
  rejection: Rejection | null = null;
  private text = '';
  /** Number of bytes of `CRLF CRLF` that end `text`: the empty line may also come first. */
  private matched = 2;

  /** Takes bytes up to and including the empty line; returns the new offset. */
  take(buffer: Buffer, start: number, end: number): number {
    const limit = start + headerBlockBytesMax + 2 - this.text.length;
    let i = start;
    while (i < end && this.matched < 4 && this.rejection === null) {
      if (i === limit) this.rejection = badRequest.headerBlockTooLarge;
      else this.match(byteAt(buffer, i++));
    }
    this.text += latin1(buffer, start, i);
    if (this.rejection === null && this.matched === 4) this.finish();
    return i;
  }

  private match(byte: number): void {
    const expectsLf = this.matched % 2 === 1;
    if (byte === LF) {
      if (expectsLf) this.matched++;
      else this.rejection = badRequest.bareLf;
    } else if (expectsLf) this.rejection = badRequest.bareCr;
    else if (byte === CR) this.matched++;
    else if (valueClass[byte] === 0) this.rejection = badRequest.control;
    else this.matched = 0;
  }

  private finish(): void {
    const bytes = Buffer.from(this.text, 'latin1');
    const verdict = scanFields(bytes, 0, bytes.length, badRequest, headerBlockBytesMax, headerFieldsMax);
    if (verdict < 0) {
      this.rejection = scan.rejection;
      return;
    }
    for (let k = 0; k < scan.count; k++) {
      const at = k * 4;
      const name = this.text.slice(marks[at], marks[at + 1]);
      if (isTrailerAllowed(name)) (this.trailers ??= []).push(name, this.text.slice(marks[at + 2], marks[at + 3]));
    }
    this.done = true;
  }
}
