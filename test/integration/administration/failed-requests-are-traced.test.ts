/** One server: rules of a site, traceparent, and a collector that judges what it gets. */
import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { RequestTrace } from '../../../pools/protocol/request-trace.js';
import { callJson } from '../../support/http-client.js';
import { outOfProcess } from '../../support/hosting.js';
import { sluiceMain } from '../../support/paths.js';
import { run } from '../../support/program.js';
import { type Sluice, startSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';

const application = `
require('node:http')
  .createServer((request, response) => {
    const url = new URL(request.url, 'http://a');
    if (url.pathname.endsWith('/die')) process.exit(3);
    response.statusCode = Number(url.searchParams.get('status') ?? 200);
    response.setHeader('set-cookie', 'secret=1');
    const end = () => response.end(JSON.stringify(request.headers));
    if (url.pathname.startsWith('/slow')) setTimeout(end, 1100);
    else end();
  })
  .listen(process.env.PORT);
`;

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code?: number };
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly events: readonly { readonly name: string; readonly timeUnixNano: string }[];
}

const folder = tempFolder('app');
const outFolder = tempFolder('out');
const spans: Span[] = [];
const complaints: string[] = [];
let collector: Server;
let refuses = false;
let sluice: Sluice;

const webConfig = (rules: string): void => {
  const section = `<tracing><traceFailedRequests><clear/>${rules}</traceFailedRequests></tracing>`;
  const text = `<configuration><system.webServer>${section}</system.webServer></configuration>`;
  writeFileSync(join(outFolder, 'web.config.new'), text);
  renameSync(join(outFolder, 'web.config.new'), join(outFolder, 'web.config'));
};

/** What the protocol says of a request (opentelemetry-proto, OTLP/HTTP with JSON). */
function judge(text: string, headers: Readonly<Record<string, unknown>>): void {
  if (headers['content-type'] !== 'application/json') complaints.push('content-type');
  if (headers['x-token'] !== 'secret') complaints.push('its own header');
  const { resourceSpans } = JSON.parse(text) as {
    resourceSpans: {
      resource: { attributes: { key: string; value: { stringValue: string } }[] };
      scopeSpans: { scope: { name: string }; spans: Span[] }[];
    }[];
  };
  for (const { resource, scopeSpans } of resourceSpans) {
    if (resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue !== 'shop')
      complaints.push('service');
    for (const span of scopeSpans.flatMap((one) => one.spans)) {
      if (!/^[0-9a-f]{32}$/.test(span.traceId) || !/^[0-9a-f]{16}$/.test(span.spanId)) complaints.push('ids');
      if (!/^([0-9a-f]{16})?$/.test(span.parentSpanId)) complaints.push('parent');
      if (!/^\d{19}$/.test(span.startTimeUnixNano) || !/^\d{19}$/.test(span.endTimeUnixNano)) complaints.push('times');
      if (BigInt(span.endTimeUnixNano) < BigInt(span.startTimeUnixNano)) complaints.push('order');
      for (const { value } of span.attributes) {
        const [kind = '', ...more] = Object.keys(value);
        if (!['stringValue', 'intValue'].includes(kind) || more.length > 0 || typeof value[kind] !== 'string')
          complaints.push(kind);
      }
      spans.push(span);
    }
  }
}

beforeAll(async () => {
  for (const one of [folder, outFolder]) writeFileSync(join(one, 'index.js'), application);
  webConfig('<add path="*.aspx"><traceAreas/><failureDefinitions statusCodes="418,409.1-410"/></add>');
  collector = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8');
    request.on('data', (piece: string) => {
      text += piece;
    });
    request.on('end', () => {
      response.statusCode = refuses ? 503 : 200;
      if (request.url !== '/v1/traces') complaints.push('path');
      if (!refuses) judge(text, request.headers);
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const { port } = collector.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;
  sluice = await startSluice({
    applicationPools: [{ name: 'a', failure: { rapidFailProtection: false } }, { name: 'b' }],
    listeners: 1,
    server: {
      telemetry: { traceContext: 'create', serviceName: 'shop', otlp: { endpoint, headers: { 'x-token': 'secret' } } },
    },
    sites: (at) => [
      {
        name: 'main',
        id: 4,
        bindings: [{ protocol: 'http', bindingInformation: `*:${at}:` }],
        applications: [
          { path: '/', applicationPool: 'a', physicalPath: folder },
          { path: '/out', applicationPool: 'b', physicalPath: outFolder, ...outOfProcess('index.js') },
        ],
        traceFailedRequests: [{ statusCodes: '404.0,500-599' }, { path: '/slow*', timeTaken: '00:00:01' }],
        traceFailedRequestsLogging: { maxLogFiles: 5 },
      },
    ],
  });
});

afterAll(async () => {
  await sluice.stop();
  collector.close();
  removeFolder(folder);
  removeFolder(outFolder);
});

type Row = RequestTrace & { readonly id: number };
const traces = async (): Promise<Row[]> =>
  ((await callJson(sluice.adminSocket, '/api/v1/traces')) as { traces: Row[] }).traces;
const traced = (word: string): Promise<Row> =>
  until(`a trace of ${word}`, async () => {
    const found = (await traces()).find(({ url }) => url.includes(word));
    return found === undefined
      ? undefined
      : ((await callJson(sluice.adminSocket, `/api/v1/traces/main/${found.id}`)) as Row);
  });

test('a request with a status of a rule leaves its whole life, without its secrets; others leave nothing', async () => {
  await sluice.call('/fine');
  const headers = { authorization: 'Bearer secret', 'x-word': '<b>"' };
  await sluice.call('/wrong?status=503', { headers });
  const trace = await traced('/wrong');
  expect(trace).toMatchObject({
    site: 'main',
    application: 'main/',
    pool: 'a',
    status: 503,
    failureReason: 'STATUS_CODE',
  });
  const stages = trace.stages.map(({ stage }) => stage);
  expect(stages.filter((one) => one !== 'accepted')).toEqual(['head', 'routed', 'sent', 'first-byte', 'end']);
  expect(trace.stages.map(({ atMs }) => atMs)).toEqual(trace.stages.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
  expect(trace.requestFields).toContainEqual(['authorization', '(13 characters)']);
  expect(trace.answerFields).toContainEqual(['set-cookie', '(8 characters)']);
  expect(JSON.stringify(trace)).not.toContain('secret=1');
  const file = join(sluice.folder, 'log/traces/W3SVC4', `fr${String(trace.id).padStart(6, '0')}.json`);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ url: '/wrong?status=503' });
  expect(statSync(file).mode & 0o777).toBe(0o640);
  expect((await traces()).some(({ url }) => url.includes('/fine'))).toBe(false);
});

test('the start of a worker, the queue, a crash and the second attempt are in it', async () => {
  await sluice.call('/out/cold?status=500');
  const cold = await traced('/out/cold');
  expect(cold.stages.map(({ stage }) => stage)).toEqual(
    expect.arrayContaining(['queued', 'worker-started', 'sent', 'end']),
  );
  expect((await sluice.call('/die')).status).toBe(502);
  const crash = await traced('/die');
  const told = crash.stages.map(({ stage, detail }) => `${stage} ${detail}`).join('\n');
  expect(told).toMatch(/sent .*\n[\s\S]*lost lost, tried again[\s\S]*sent [\s\S]*lost lost\n[\s\S]*end /);
  expect(crash).toMatchObject({ retries: 1, status: 502, subStatus: 3 });
});

test('time taken, and the newest only are kept', async () => {
  await sluice.call('/slow/1');
  expect(await traced('/slow/1')).toMatchObject({ failureReason: 'TIME_TAKEN', status: 200 });
  for (let n = 0; n < 7; n += 1) await sluice.call(`/many/${n}?status=404`);
  await traced('/many/6');
  const files = readdirSync(join(sluice.folder, 'log/traces/W3SVC4'));
  expect(files).toHaveLength(5);
  const listed = await run(process.execPath, [sluiceMain, 'trace', 'list', '--admin', sluice.adminSocket]);
  expect(listed.output).toMatch(/main +\d+ +\S+ +404 .*GET \/many\/6/);
  const { id } = await traced('/many/6');
  const shown = await run(process.execPath, [
    sluiceMain,
    'trace',
    'show',
    'main',
    String(id),
    '--admin',
    sluice.adminSocket,
  ]);
  expect(shown.output).toMatch(/status +404[\s\S]*routed[\s\S]*sent[\s\S]*end/);
  await expect(callJson(sluice.adminSocket, '/api/v1/traces/main/1')).rejects.toThrow('no-such-trace');
});

test('rules of a web.config hold for its application, within what IIS calls its path, and change while it runs', async () => {
  const before = await sluice.workerPids('b');
  const asked = async (path: string): Promise<void> => void (await sluice.call(path));
  for (const path of ['/of-a.aspx?status=418', '/out/other.html?status=418', '/out/fine.aspx?status=409'])
    await asked(path);
  await asked('/out/sub/Tea.ASPX?status=418');
  expect(await traced('/out/sub/Tea')).toMatchObject({
    application: 'main/out',
    status: 418,
    failureReason: 'STATUS_CODE',
  });
  expect((await traces()).filter(({ url }) => /of-a|other\.html|fine\.aspx/.test(url))).toEqual([]);
  webConfig('<add path="other*"><failureDefinitions timeTaken="00:01:00" statusCodes="419"/></add>');
  await until('the new rule acts', async () => {
    await asked('/out/other.html?status=419');
    return (await traces()).some(({ url }) => url.startsWith('/out/other.html'));
  });
  expect(await sluice.workerPids('b')).toEqual(before);
});

test.each(['', '/out'])(
  'traceparent%s: a valid one is continued, an absent one made, and the spans reach the collector',
  async (path) => {
    const traceId = `${path === '' ? 'a' : 'b'}af7651916cd43dd8448eb211c80319c`;
    const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01`, tracestate: 'a=1' };
    const seen = JSON.parse((await sluice.call(`${path}/continued`, { headers })).text) as Record<string, string>;
    expect(seen['traceparent']).toMatch(new RegExp(`^00-${traceId}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`));
    expect(seen['tracestate']).toBe('a=1');
    const span = await until('its span', () => spans.find((one) => one.traceId === traceId));
    expect(span).toMatchObject({
      parentSpanId: 'b7ad6b7169203331',
      spanId: seen['traceparent']?.slice(36, 52),
      name: 'GET',
      kind: 2,
    });
    expect(span.attributes).toContainEqual({ key: 'http.response.status_code', value: { intValue: '200' } });
    expect(span.events.map(({ name }) => name)).toEqual(expect.arrayContaining(['sent', 'first-byte']));
    const made = JSON.parse((await sluice.call(`${path}/made`)).text) as Record<string, string>;
    const madeSpan = await until('the other span', () =>
      spans.find((one) => one.traceId === made['traceparent']?.slice(3, 35)),
    );
    expect(madeSpan.parentSpanId).toBe('');
    expect(complaints).toEqual([]);
  },
);

test('a collector that refuses costs spans, not requests, and is asked again', async () => {
  refuses = true;
  await until('the log says it', async () => {
    expect((await sluice.call('/refused')).status).toBe(200);
    return readFileSync(join(sluice.folder, 'log/sluice.log'), 'utf8').includes('"event":"spans-not-exported"');
  });
  refuses = false;
  const before = spans.length;
  await until('spans come again', async () => {
    await sluice.call('/again');
    return spans.length > before;
  });
  await until('the log says that too', () =>
    readFileSync(join(sluice.folder, 'log/sluice.log'), 'utf8').includes('"event":"spans-exported-again"'),
  );
});
