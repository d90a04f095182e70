/** Listens to the admin API's events as a dashboard does. */
import { type IncomingMessage, request } from 'node:http';
import { until } from './time.js';

export interface HeardEvent {
  readonly id: string;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface EventClient {
  readonly heard: readonly HeardEvent[];
  readonly status: number;
  /** The first of this kind (for which `fits`), waited for. */
  first(event: string, fits?: (one: HeardEvent) => boolean): Promise<HeardEvent>;
  isOpen(): boolean;
  /** Reads no more, and stays connected. */
  stopReading(): void;
  close(): void;
}

/** Resolves with the head of the answer. */
export function openEvents(
  target: number | string,
  headers: Readonly<Record<string, string>> = {},
  path = '/api/v1/events',
): Promise<EventClient> {
  const where = typeof target === 'number' ? { host: '127.0.0.1', port: target } : { socketPath: target };
  return new Promise((done, fail) => {
    const asked = request({ ...where, path, headers, agent: false }, (answer) => done(clientOf(answer)));
    asked.once('error', fail);
    asked.end();
  });
}

function clientOf(answer: IncomingMessage): EventClient {
  const heard: HeardEvent[] = [];
  let text = '';
  let open = true;
  answer.setEncoding('utf8');
  answer.on('data', (piece: string) => {
    text += piece;
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) if (!block.startsWith(':')) heard.push(parse(block));
  });
  const ended = (): void => {
    open = false;
  };
  answer.once('error', ended);
  answer.once('close', ended);
  return {
    heard,
    status: answer.statusCode ?? 0,
    first: (event, fits = () => true) =>
      until(`the event ${event}`, () => heard.find((one) => one.event === event && fits(one)) ?? null, {
        state: () => JSON.stringify(heard).slice(-2_000),
      }),
    isOpen: () => open,
    stopReading: () => void answer.pause(),
    close: () => void answer.destroy(),
  };
}

function parse(block: string): HeardEvent {
  const field = (name: string): string =>
    block
      .split('\n')
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2) ?? '';
  return { id: field('id'), event: field('event'), data: JSON.parse(field('data')) as HeardEvent['data'] };
}
