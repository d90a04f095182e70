/** Words in which scenarios are written. */
import type { RawClient } from '../raw-client.js';
import { until } from '../time.js';
import type { Scenario, Scene } from './run.js';

const host = 'Host: probe\r\n';

/** A request head. */
export function head(method: string, path: string, fields = '', version = 'HTTP/1.1'): string {
  return `${method} ${path} ${version}\r\n${host}${fields}\r\n`;
}

/** Of the listener's error pages. */
export const pageEnd = '</html>\n';
const complete = /\r\n\r\n[^]*$/;

export type Step = (client: RawClient, scene: Scene) => Promise<void> | void;

export function scenario(name: string, config: string, step: Step): Scenario {
  return {
    name,
    config,
    run: async (scene) => {
      await step(await scene.connect(), scene);
    },
  };
}

/** Sends, waits for the response to finish, then the client goes. */
export function simple(
  name: string,
  request: string,
  config = 'plain',
  expected: RegExp = complete,
  isSilent = false,
): Scenario {
  return scenario(name, config, async (client, scene) => {
    client.send(request);
    await client.receives(expected);
    if (!isSilent) await scene.sees(/res close|socket close|keys /);
    client.end();
    await client.finishes();
  });
}

/** Sends; the server ends the connection. */
export function untilEnd(name: string, request: string, config = 'plain'): Scenario {
  return scenario(name, config, async (client) => {
    client.send(request);
    await client.finishes();
  });
}

export const get = (path: string, fields = ''): string => head('GET', path, fields);
export const post = (path: string, body: string, fields = ''): string =>
  head('POST', path, `Content-Length: ${body.length}\r\n${fields}`) + body;
export const chunkedHead = (path: string, fields = ''): string =>
  head('POST', path, `Transfer-Encoding: chunked\r\n${fields}`);
export const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

/** Sends; the app ends or cuts the connection, or the listener answers for it. */
export function untilCut(name: string, request: string, config = 'plain'): Scenario {
  return scenario(name, config, async (client) => {
    client.send(request);
    await until('the end or an error page', () => client.ended || client.text().endsWith(pageEnd), { everyMs: 5 });
    client.end();
    await client.finishes();
  });
}
