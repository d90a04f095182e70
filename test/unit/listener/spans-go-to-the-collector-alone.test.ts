/** Spans are sent where the configuration says, which is a collector, and nowhere that it points to. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import type { ListenerToPrimary } from '../../../pools/protocol/listener-to-primary.js';
import { SpanExporter } from '../../../server/listener/tracing/span-exporter.js';
import type { OtlpSpan } from '../../../server/listener/tracing/spans.js';
import { ManualClock } from '../../support/manual-clock.js';
import { until } from '../../support/time.js';
import { oneApplication, withFiles } from '../config/support.js';

async function listening(answer: (server: Server) => void): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer();
  answer(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test.each([301, 302, 307, 308])('a collector that answers %i is not followed', async (status) => {
  let trapped = 0;
  const trap = await listening((server) => server.on('request', () => void trapped++));
  const collector = await listening((server) =>
    server.on('request', (request, response) => {
      request.resume();
      response.writeHead(status, { location: `${trap.url}/latest/meta-data/` }).end();
    }),
  );
  const said: ListenerToPrimary[] = [];
  const telemetry = { traceContext: 'create', serviceName: 'shop', samplingRatio: 1, otlp: null } as const;
  const options = { endpoint: `${collector.url}/v1/traces`, headers: { authorization: 'secret' }, telemetry };
  const exporter = new SpanExporter({ ...options, clock: new ManualClock(), say: (one) => void said.push(one) });
  exporter.add({} as OtlpSpan);
  exporter.flush();
  await until('it is told', () => said.length > 0);
  expect(said[0]).toMatchObject({ event: 'spans-not-exported', fields: { problem: `status ${status}`, dropped: 1 } });
  exporter.end();
  expect(trapped).toBe(0);
  for (const { server } of [trap, collector]) server.close();
});

test.each([
  'file:///etc/passwd',
  'unix:/run/docker.sock',
  'ftp://collector.test/',
  'http://169.254.169.254/latest',
  'http://2852039166',
  'http://0xa9.0xfe.0xa9.0xfe',
  'http://[::ffff:169.254.169.254]:80',
  'http://169.254.170.2/v2/credentials',
  'http://[fd00:ec2::254]',
  'http://[',
  'http://user:s3cret@collector.test:4318',
  'http://s3cret@collector.test',
])('%s is no collector', async (endpoint) => {
  await withFiles(async (files) => {
    const telemetry = `telemetry: { otlp: { endpoint: "${endpoint}" } }\n`;
    files.write('app/server.js').write('sluice.yaml', `${telemetry}${oneApplication()}`);
    const { config, diagnostics } = await files.load();
    expect([config, diagnostics.map(({ path }) => path)]).toEqual([null, ['telemetry.otlp.endpoint']]);
    expect(JSON.stringify(diagnostics)).not.toContain('s3cret');
  });
});
