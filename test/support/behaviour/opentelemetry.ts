/** The spans that OpenTelemetry's http instrumentation makes of the same requests. */
import { call, callJson, keepAliveAgent } from '../http-client.js';
import { until } from '../time.js';

interface Span {
  readonly name: string;
  readonly kind: number;
  readonly trace: string;
  readonly id: string;
  readonly parent: string | null;
  readonly attributes: Readonly<Record<string, unknown>>;
}

const requests = 40;
/** Server and client span of each request that asks the server behind, that server's span, the app's own. */
const spansInAll = requests * 4 + 3;

function traceOf(index: number): string {
  return index.toString(16).padStart(32, 'a');
}

/** Ports that are given by chance, the app's own port, and how this machine writes an IPv4 client. */
function masked(name: string, value: unknown, port: number): unknown {
  if (value === port) return 'the port';
  if (/(^|\.)port$/.test(name)) return 'a port';
  // Alone, an app that listens without a host sees IPv4 clients in IPv6 form: a documented difference.
  if (typeof value !== 'string') return value;
  return value
    .replaceAll('::ffff:127.0.0.1', '127.0.0.1')
    .replaceAll(`:${port}/`, ':the port/')
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:a port');
}

function shown(spans: readonly Span[], port: number): unknown[] {
  const names = new Map(spans.map((span) => [span.id, `${span.kind} ${span.name}`]));
  return spans
    .map(({ id: _id, parent, attributes, ...rest }) => ({
      ...rest,
      // What the client sent has no span here and stays as it is.
      parent: parent === null ? null : (names.get(parent) ?? parent),
      attributes: Object.fromEntries(
        Object.entries(attributes)
          .map(([name, value]) => [name, masked(name, value, port)] as const)
          .sort(([one], [other]) => (one < other ? -1 : 1)),
      ),
    }))
    .map((span) => JSON.stringify(span))
    .sort();
}

export async function openTelemetryBehaviour(port: number): Promise<unknown[]> {
  const agent = keepAliveAgent(8);
  const ask = (index: number, path: string, more: object = {}): Promise<string> => {
    const traceparent = `00-${traceOf(index)}-${'b'.repeat(16)}-01`;
    return call(port, path, { agent, host: 'app.test', headers: { traceparent }, ...more }).then(({ text }) => text);
  };
  const answers = await Promise.all(Array.from({ length: requests }, (_, index) => ask(index, `/work?n=${index}`)));
  answers.push(await ask(1_000, '/plain'), await ask(1_001, '/fails'));
  answers.push(await ask(1_002, '/upload', { method: 'POST', body: 'x'.repeat(200_000) }));
  agent.destroy();
  const spans = await until('every span is finished', async () => {
    const told = (await callJson(port, '/spans')) as Span[];
    return told.length >= spansInAll && told;
  });
  return [...answers, ...shown(spans, port)];
}
