/** What tenants managed to write into the server's logs in its name. */
import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Sluice } from '../../../support/sluice.js';

/** In lines that tenants made to look like the server's own. */
const forgedEvent = 'forged-by-tenant';

// oxlint-disable-next-line no-control-regex
const controls = /[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u2028\u2029]/;

/** The event of a record; null = not a record. */
function eventOf(line: string): unknown {
  try {
    const record = JSON.parse(line) as { readonly event?: unknown };
    return record.event ?? '';
  } catch {
    return null;
  }
}

/** A file of JSON records, one per line. */
function ofRecords(name: string, text: string): string[] {
  return text.split('\n').flatMap((line) => {
    if (line === '') return [];
    if (controls.test(line)) return [`control bytes in ${name}: ${JSON.stringify(line).slice(0, 200)}`];
    const event = eventOf(line);
    if (event === null) return [`half a record in ${name}: ${line.slice(0, 200)}`];
    return event === forgedEvent ? [`a forged record in ${name}: ${line.slice(0, 200)}`] : [];
  });
}

function ofLines(name: string, text: string): string[] {
  return text.split('\n').flatMap((line) => {
    if (controls.test(line)) return [`control bytes in ${name}: ${JSON.stringify(line).slice(0, 200)}`];
    return line.startsWith('{"') && line.includes(forgedEvent)
      ? [`a forged line in ${name}: ${line.slice(0, 200)}`]
      : [];
  });
}

/** Looks through what the server's logs say, each time from where it was. The output of workers has files of its own. */
export class Logs {
  readonly #sluice: Sluice;
  readonly #read = new Map<string, number>();

  constructor(sluice: Sluice) {
    this.#sluice = sluice;
  }

  /** Records that a tenant wrote itself, records cut in two, and bytes that drive terminals. */
  forgeries(): string[] {
    const folder = join(this.#sluice.folder, 'log');
    const records = ['sluice.log', ...readdirSync(join(folder, 'access')).map((name) => join('access', name))];
    const found = [
      ...ofLines('its standard output', this.#sluice.output()),
      ...records.flatMap((name) => ofRecords(name, this.#newLines(join(folder, name)))),
    ];
    return found.slice(0, 5);
  }

  /** Whole lines only; a file that is shorter than before is a new one. */
  #newLines(file: string): string {
    const fd = openSync(file, 'r');
    try {
      const { size } = fstatSync(fd);
      const known = this.#read.get(file) ?? 0;
      const from = known <= size ? known : 0;
      const bytes = Buffer.alloc(size - from);
      const length = readSync(fd, bytes, 0, bytes.length, from);
      const end = bytes.subarray(0, length).lastIndexOf(0x0a) + 1;
      this.#read.set(file, from + end);
      return bytes.toString('utf8', 0, end);
    } finally {
      closeSync(fd);
    }
  }
}
