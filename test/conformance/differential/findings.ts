/** What is wrong with bytes that a server forwarded, by class; the worst first. */
import type { SeenRequest, View } from './reference.js';
import type { Views } from './views.js';

/** One connection to the origin as the origin kept it. */
export interface Forwarded {
  readonly bytes: Buffer;
  readonly isAnswered: boolean;
  /** Nobody ended it. */
  readonly isOpen: boolean;
}

export const findingClasses = {
  dead: 'a process of the server died',
  count: 'the parsers see another number of requests, or another than was answered',
  meaning: 'they see another length, target, host or framing',
  ambiguous: 'ambiguous, hop-by-hop or protected fields of the client went on',
  partial: 'part of a refused request went out, and its connection stayed',
  spoofed: 'a token or a forwarding field of the client reached the app',
} as const;

export type FindingClass = keyof typeof findingClasses;

export interface Finding {
  readonly kind: FindingClass;
  readonly detail: string;
}

const hopByHop = new Set(['keep-alive', 'proxy-connection', 'te', 'http2-settings', 'proxy-authorization']);
const protectedNames = /^(?:ms-aspnetcore-.*|x-forwarded-.*|forwarded|x-real-ip|x-original-.*|x-rewrite-url|proxy)$/;
/** What the clients of the corpus claim. */
const claimed = /^(?:evil2?|e|shutdown|paired|10\.0\.\d.*)$/;

export function findingsOf({ bytes, isAnswered, isOpen }: Forwarded, { reference, others }: Views): Finding[] {
  const found: Finding[] = [];
  const text = bytes.toString('latin1');
  const note = (kind: FindingClass, why: string): void => {
    found.push({ kind, detail: `${why}: ${JSON.stringify(text.slice(0, 300))}` });
  };
  const count = reference.requests.length;
  const differing = Object.entries(others).filter(([, view]) => view.requests.length !== count);
  if (differing.length > 0) note('count', `${count} requests, ${differing.map(counted).join(', ')}`);
  else if (count > 1 || (count === 1) !== isAnswered)
    note('count', `${count} requests, answered ${Number(isAnswered)}`);
  else {
    const unlike = Object.values(others).flatMap((view) => differences(reference.requests, view.requests));
    if (unlike.length > 0) note('meaning', unlike.join(', '));
  }
  if (reference.rest === 'bad') note('ambiguous', 'bytes that are no request');
  for (const fields of reference.fields) for (const why of ambiguities(fields)) note('ambiguous', why);
  const target = reference.requests.find((one) => !one.target.startsWith('/') && one.target !== '*');
  if (target !== undefined) note('ambiguous', `target ${target.target}`);
  for (const why of claims(text)) {
    note('spoofed', why);
    note('ambiguous', why);
  }
  if (reference.rest === 'partial' && isOpen) note('partial', 'part of a request on a connection that stays');
  return found;
}

function counted([name, { requests }]: [string, View]): string {
  return `${name} ${requests.length}`;
}

const compared = ['method', 'target', 'host', 'framing', 'body'] as const;

function differences(one: readonly SeenRequest[], other: readonly SeenRequest[]): string[] {
  return one.flatMap((request, index) => compared.filter((key) => request[key] !== other[index]?.[key]));
}

function ambiguities(fields: readonly (readonly [string, string])[]): string[] {
  const times = (name: string): number => fields.filter(([one]) => one === name).length;
  const found: string[] = [];
  if (times('content-length') > 0 && times('transfer-encoding') > 0) found.push('both framings');
  if (times('content-length') > 1) found.push('Content-Length twice');
  if (times('host') > 1) found.push('Host twice');
  for (const [name, text] of fields) {
    const isHop = hopByHop.has(name) || (name === 'upgrade' && text.toLowerCase() !== 'websocket');
    if (isHop) found.push(`hop-by-hop ${name}`);
  }
  return found;
}

/** Looked for in every line of the head, whatever else is wrong with it; `_` and `.` are read as `-` by many. */
function claims(text: string): string[] {
  const head = text.split(/\r?\n\r?\n/, 1)[0] ?? '';
  return head.split('\n').flatMap((line) => {
    const [name = '', ...rest] = line.split(':');
    const isProtected = protectedNames.test(name.toLowerCase().replaceAll(/[_.]/g, '-'));
    return isProtected && claimed.test(rest.join(':').trim()) ? [`${name} of the client`] : [];
  });
}
