/** The requests of the corpus as bytes on a socket, for whatever listens on the port: Sluice or a peer. */
import { call } from '../support/http-client.js';
import { type HostingChoice, outOfProcess } from '../support/hosting.js';
import { app } from '../support/paths.js';
import { RawClient, statuses as statusesOf } from '../support/raw-client.js';
import type { SluiceOptions } from '../support/sluice.js';
import { until } from '../support/time.js';
import { corpusHost, type RequestCase } from './corpus/index.js';

export const connectionsAtOnce = 24;
const answerLimitMs = 20_000;

export interface Verdict {
  readonly id: string;
  readonly status: number;
  readonly wrong: string | null;
}

/** Sends a request that must be refused: with one of its statuses, then the end of the connection. */
export async function refusal(
  port: number,
  { id, bytes, statuses }: RequestCase,
  withinMs = answerLimitMs,
): Promise<Verdict> {
  const client = await RawClient.connect(port);
  try {
    client.send(bytes);
    await until('an answer and the end', () => client.ended, { withinMs, everyMs: 2 });
    const status = statusesOf(client.text())[0] ?? 0;
    const isRight = statuses.includes(status) && !client.text().includes('recorded');
    return { id, status, wrong: isRight ? null : `${id}: ${status} instead of ${statuses.join('/')}` };
  } catch {
    const seen = JSON.stringify(client.text().slice(0, 60));
    return { id, status: 0, wrong: `${id}: the connection stays open after ${seen}` };
  } finally {
    client.close();
  }
}

/** Sends a valid request. */
export async function acceptance(port: number, { id, bytes }: RequestCase, withinMs = answerLimitMs): Promise<Verdict> {
  const client = await RawClient.connect(port);
  const firstStatus = (): number => statusesOf(client.text())[0] ?? 0;
  try {
    client.send(bytes);
    await until('an answer', () => firstStatus() !== 0 || client.ended, { withinMs, everyMs: 2 });
    const status = firstStatus();
    const wrong = status === 200 ? null : `${id}: ${status} ${JSON.stringify(client.text().slice(0, 60))}`;
    return { id, status, wrong };
  } catch {
    return { id, status: 0, wrong: `${id}: no answer` };
  } finally {
    client.close();
  }
}

/** Requests that the recorder behind the port got as a whole. */
export async function wholeRequests(port: number): Promise<number> {
  return Number((await call(port, '/whole', { host: corpusHost })).text);
}

export const recorderEntry = 'index.js';

/** Sluice with the app that counts what reaches it. */
export function recorderServer({ model }: HostingChoice): SluiceOptions {
  // The app's own parser must not be stricter than the listener about the size of heads.
  const settings = model === 'in-process' ? {} : outOfProcess(`--max-http-header-size=65536 ${recorderEntry}`);
  return {
    applicationPools: [{ name: 'a' }],
    sites: (port) => [
      {
        name: 'shop',
        bindings: [{ protocol: 'http', bindingInformation: `*:${port}:` }],
        applications: [{ path: '/', applicationPool: 'a', physicalPath: app('recorder'), ...settings }],
      },
    ],
  };
}
