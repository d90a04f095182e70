/** What clients lose when an app answers and ends its process in the same turn, behind the real listener. */
import { HostedApp } from '../hosted-app.js';
import { ListenerHarness } from '../listener-harness.js';
import { app } from '../paths.js';
import { RawClient } from '../raw-client.js';
import { until } from '../time.js';

const bodyBytes = 300_000;

/** @returns the bytes of the body that did not come. `reads`: whether the client reads before the worker is gone. */
export async function bytesLostAtExit(node: string, reads: boolean): Promise<number> {
  const listener = await ListenerHarness.start({ application: { hostingModel: 'InProcess' }, nodePath: node });
  const hosted = HostedApp.start({ entry: `${app('in-process')}/exit.cjs`, node });
  try {
    await hosted.message('listening');
    const endpoint = { kind: 'link', socketPath: hosted.socketPath, linkToken: HostedApp.token } as const;
    await listener.publish([listener.worker(endpoint)]);
    await listener.heard('link');
    const client = await RawClient.connect(listener.port);
    if (!reads) client.socket.pause();
    client.send('GET /exit HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await hosted.exited();
    client.socket.resume();
    await until('the end of the answer', () => client.ended, { everyMs: 5 });
    client.close();
    const text = client.text();
    return bodyBytes - (text.length - text.indexOf('\r\n\r\n') - 4);
  } finally {
    await hosted.stop();
    await listener.stop();
  }
}
