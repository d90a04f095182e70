/** What tenants managed to write into the server's logs in its name. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { World } from './world.js';

/** In lines that tenants made to look like the server's own. */
const forgedEvent = 'forged-by-tenant';

// oxlint-disable-next-line no-control-regex
const controls = /[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u2028\u2029]/;

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

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

/** Records that a tenant wrote itself, records cut in two, and bytes that drive terminals. The output of workers has files of its own. */
export function forgeries({ sluice }: Pick<World, 'sluice'>): string[] {
  const folder = join(sluice.folder, 'log');
  const records = ['sluice.log', ...readdirSync(join(folder, 'access')).map((name) => join('access', name))];
  const found = [
    ...ofLines('its standard output', sluice.output()),
    ...records.flatMap((name) => ofRecords(name, textOf(join(folder, name)))),
  ];
  return found.slice(0, 5);
}
