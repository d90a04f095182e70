/** Servers that speak TLS when alone. Hosted, the listener's client came over TLS, says a trusted proxy. */
import { get, head, scenario, simple, untilCut, untilEnd } from './scenario-kit.js';
import type { Scenario } from './run.js';

export const tlsConfigs: readonly string[] = ['https', 'http2'];

const secure = 'X-Forwarded-Proto: https\r\n';
const upgradeFields = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';

function ofConfig(config: string): readonly Scenario[] {
  const called = (name: string): string => `${config}: ${name}`;
  return [
    simple(called('hello'), get('/hello', secure), config),
    simple(called('socket facts'), get('/address', secure), config),
    simple(called('TLS facts'), get('/tls', secure), config),
    simple(called('identities'), get('/identity', secure), config),
    simple(called('enumerable keys and listeners'), get('/counts', secure), config),
    simple(called('many writes with drain'), get('/many-writes', secure), config, /0\r\n\r\n$/),
    simple(called('large buffer'), get('/large', secure), config, /x{1000}$/),
    scenario(called('upload'), config, async (client, scene) => {
      client.send(`${head('POST', '/echo', `Content-Length: 300000\r\n${secure}`)}${'u'.repeat(300_000)}`);
      await client.receives(/got 300000/);
      await scene.sees(/res close/);
    }),
    scenario(called('three requests, one connection'), config, async (client, scene) => {
      for (const path of ['/hang-on-socket', '/hang-on-socket?2', '/hang-on-socket?3']) {
        client.clear();
        client.send(get(path, secure));
        await client.receives(/seen \d/);
      }
      await scene.sees(/hang-on-socket\?3/);
      client.end();
      await client.finishes();
    }),
    scenario(called('upgrade and echo'), config, async (client, scene) => {
      client.send(get('/', upgradeFields + secure));
      await client.receives(/101 Switching/);
      client.send('bye');
      await client.receives(/bye$/);
      client.end();
      await scene.sees(/socket close/);
    }),
    scenario(called('client ends during a request'), config, async (client, scene) => {
      client.send(get('/wait', secure));
      await scene.sees(/request/);
      client.end();
      await scene.sees(/req close/);
    }),
    untilEnd(called('Connection: close by the app'), get('/close-header', secure), config),
    untilCut(called('socket timeout'), get('/socket-timeout?quiet', secure), config),
    untilEnd(called('app closes all connections'), get('/close-all', secure), config),
  ];
}

/** An HTTP/2 server has no `closeAllConnections` of its own. */
export const overTls: readonly Scenario[] = tlsConfigs
  .flatMap(ofConfig)
  .filter((one) => one.name !== 'http2: app closes all connections');
