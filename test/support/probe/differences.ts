/**
 * Every way in which a hosted app may differ from the same app alone, by name. The page on hosting in-process
 * explains each under the same name. Whatever is not in this table has to be equal, byte by byte.
 */
import type { Record } from './run.js';
import { tlsConfigs } from './tls-scenarios.js';

export interface Difference {
  readonly name: string;
  readonly scenarios: 'all' | readonly string[];
  /** What is left of either record when this difference is taken away. */
  readonly alone: (record: Record) => Record;
  readonly hosted: (record: Record) => Record;
}

const asItIs = (record: Record): Record => record;

function onClient(change: (text: string) => string): (record: Record) => Record {
  return (record) => ({ ...record, client: record.client.map(change) });
}

/** Fields of an answer that the listener writes itself, put where it writes them: behind all others. */
const closeLast = onClient((text) =>
  text.replaceAll(/Connection: close\r\n((?:[^\r]+\r\n)*)\r\n/g, '$1Connection: close\r\n\r\n'),
);

/** Of the first connection only: a second one shows that others are served as ever. */
function withoutDate(record: Record): Record {
  const [first = '', ...rest] = record.client;
  return { ...record, client: [first.replaceAll('Date: -\r\n', ''), ...rest] };
}

/** The chunks of the one answer in `text`, joined: sizes are up to the sender. */
function joinChunks(text: string): string {
  const bodyAt = text.indexOf('\r\n\r\n') + 4;
  let rest = text.slice(bodyAt);
  let data = '';
  for (;;) {
    const line = rest.indexOf('\r\n');
    const size = Number.parseInt(rest.slice(0, line), 16);
    if (line < 0 || !(size > 0)) break;
    data += rest.slice(line + 2, line + 2 + size);
    rest = rest.slice(line + 4 + size);
  }
  return text.slice(0, bodyAt) + data;
}

/** Only the kind of answer is compared: its text is the listener's own page. */
function answered(status: string): (record: Record) => Record {
  return onClient((text) => (text === '' || /^HTTP\/1\.1 [45]/.test(text) ? status : text));
}

function withoutLog(change: (record: Record) => Record): (record: Record) => Record {
  return (record) => ({ ...change(record), log: [] });
}

const statusLine = onClient((text) => text.slice(0, text.indexOf('\r\n')));

function sorted(record: Record): Record {
  return { ...record, log: [...record.log].sort() };
}

function onLog(change: (line: string) => string): (record: Record) => Record {
  return (record) => ({ ...record, log: record.log.map(change) });
}

const manyWrites = [
  'throwing drain listener',
  'many writes with drain',
  'small highWaterMark',
  ...eachTls('many writes with drain'),
];

function eachTls(name: string): string[] {
  return tlsConfigs.map((config) => `${config}: ${name}`);
}

export const differences: readonly Difference[] = [
  {
    name: 'keep-alive fields',
    scenarios: 'all',
    alone: onClient((text) => text.replaceAll(/Connection: keep-alive\r\n|Keep-Alive: [^\r]*\r\n/g, '')),
    hosted: asItIs,
  },
  { name: 'place of Connection: close', scenarios: 'all', alone: closeLast, hosted: asItIs },
  {
    name: 'Date is added',
    scenarios: [
      'no Date',
      'app writes to the socket',
      'upgrade and echo',
      'upgrade refused by the app',
      'upgraded socket destroyed',
      'client ends the tunnel',
      'client resets the tunnel',
      'throwing tunnel',
      'reset of a tunnel without error listener',
      ...eachTls('upgrade and echo'),
    ],
    alone: asItIs,
    hosted: withoutDate,
  },
  {
    name: 'hop-by-hop and protected request fields stay in the listener',
    scenarios: ['hop-by-hop request fields', 'protected request fields'],
    alone: onLog((line) =>
      line
        .replaceAll(/,"(?:connection|x-hop|te|ms-aspnetcore-token)":(?:"[^"]*"|\["[^"]*"\])/g, '')
        .replaceAll(/,"(?:Connection|X-Hop|TE|MS-ASPNETCORE-TOKEN)","[^"]*"/g, ''),
    ),
    hosted: asItIs,
  },
  { name: 'chunk sizes', scenarios: manyWrites, alone: onClient(joinChunks), hosted: onClient(joinChunks) },
  {
    name: 'bodies that end with the connection are chunked',
    scenarios: ['body until the end'],
    alone: asItIs,
    hosted: onClient((text) => joinChunks(text).replace('Transfer-Encoding: chunked\r\n', '')),
  },
  {
    name: 'no Content-Length in 204',
    scenarios: ['204 with Content-Length'],
    alone: onClient((text) => text.replace('Content-Length: 0\r\n', '')),
    hosted: asItIs,
  },
  {
    name: 'bytes beyond Content-Length are cut off',
    scenarios: ['strict content length'],
    alone: onClient((text) => text.replace(/fourok$/, 'fo')),
    hosted: asItIs,
  },
  {
    name: 'no 400 for a client that has left',
    scenarios: ['upload to /wait-body ends half-way', 'upload to /iterate ends half-way'],
    alone: onClient((text) => text.replace('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n', '')),
    hosted: asItIs,
  },
  {
    name: '502 where the app cuts without an answer',
    scenarios: [
      'app destroys the request',
      'app destroys the request with an error',
      'app destroys the response',
      'app destroys the socket',
      'app resets the socket',
      'socket timeout',
      'server.setTimeout destroys',
      'maxConnections drops',
      ...eachTls('socket timeout'),
    ],
    alone: answered('502'),
    hosted: onClient((text) => (text.startsWith('HTTP/1.1 502 ') ? '502' : text)),
  },
  {
    name: 'expectations are refused by the listener',
    scenarios: ['unknown expectation', 'checkExpectation'],
    alone: withoutLog(statusLine),
    hosted: withoutLog(statusLine),
  },
  {
    name: 'CONNECT is refused',
    scenarios: ['CONNECT'],
    alone: withoutLog(answered('405')),
    hosted: withoutLog(onClient((text) => (text.startsWith('HTTP/1.1 405 ') ? '405' : text))),
  },
  {
    name: 'unknown methods are refused by the listener',
    scenarios: ['unknown method'],
    alone: withoutLog(answered('501')),
    hosted: withoutLog(onClient((text) => (text.startsWith('HTTP/1.1 501 ') ? '501' : text))),
  },
  {
    name: 'Host is required',
    scenarios: ['no Host is refused by Node', 'no Host is allowed'],
    alone: () => ({ name: 'no Host', log: [], client: ['HTTP/1.1 400 Bad Request'] }),
    hosted: (record) => ({ ...withoutLog(statusLine)(record), name: 'no Host' }),
  },
  { name: 'pipelined requests come one by one', scenarios: ['pipelined requests'], alone: sorted, hosted: sorted },
  {
    name: 'a reset tunnel without error listener is no uncaught error',
    scenarios: ['reset of a tunnel without error listener'],
    alone: (record) => ({
      ...record,
      log: record.log
        .filter((line) => line !== 'uncaught read ECONNRESET')
        .map((line) => line.replace('socket close true', 'socket close false')),
    }),
    hosted: asItIs,
  },
  {
    name: 'encrypted says how the client came',
    scenarios: ['a client over TLS'],
    alone: onLog((line) => line.replace('open false false false   true', 'open false false false true  true')),
    hosted: asItIs,
  },
  {
    name: 'no listeners of TLS',
    scenarios: [...eachTls('enumerable keys and listeners'), ...eachTls('upgrade and echo')],
    alone: onLog((line) =>
      line
        .replace('close=5,data=1,drain=1,end=3,error=2', 'close=3,data=1,drain=1,end=3,error=1')
        .replace('counts close=3,data=0,drain=0,end=2,error=1', 'counts close=1,data=0,drain=0,end=2,error=0'),
    ),
    hosted: asItIs,
  },
  { name: 'no waiting for TLS', scenarios: eachTls('upload'), alone: sorted, hosted: sorted },
];
