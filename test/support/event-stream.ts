/** A client of server-sent events over a unix socket. */
import { type IncomingMessage, request } from 'node:http';

export interface ReceivedEvent {
  readonly event: string;
  readonly data: unknown;
}

export class EventClient {
  readonly events: ReceivedEvent[] = [];
  isOver = false;
  /** What to name in Last-Event-ID; '' = nothing was given. */
  lastId = '';
  readonly #answer: IncomingMessage;
  #rest = '';

  private constructor(answer: IncomingMessage) {
    this.#answer = answer;
    answer.setEncoding('utf8');
    answer.on('data', (text: string) => this.#take(text));
    answer.on('close', () => {
      this.isOver = true;
    });
    answer.on('error', () => undefined);
  }

  /** Rejects with status and body when no stream comes back. */
  static open(socketPath: string, path: string, lastId = ''): Promise<EventClient> {
    return new Promise((resolve, reject) => {
      const headers = lastId === '' ? {} : { 'last-event-id': lastId };
      const asked = request({ socketPath, path, headers }, (answer) => {
        if (answer.statusCode === 200) return resolve(new EventClient(answer));
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (piece: string) => {
          text += piece;
        });
        answer.on('end', () => reject(new Error(`${answer.statusCode ?? 0} ${text}`)));
      });
      asked.once('error', reject);
      asked.end();
    });
  }

  of(event: string): unknown[] {
    return this.events.filter((one) => one.event === event).map(({ data }) => data);
  }

  /** Reads no more. */
  pause(): void {
    this.#answer.pause();
  }

  resume(): void {
    this.#answer.resume();
  }

  close(): void {
    this.#answer.destroy();
  }

  #take(text: string): void {
    const blocks = (this.#rest + text).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    for (const block of blocks) {
      // No regular expression: to those U+2028 ends a line too.
      const value = (name: string): string | undefined =>
        block
          .split('\n')
          .find((line) => line.startsWith(`${name}: `))
          ?.slice(name.length + 2);
      const event = value('event');
      const data = value('data');
      this.lastId = value('id') ?? this.lastId;
      if (event !== undefined && data !== undefined) this.events.push({ event, data: JSON.parse(data) as unknown });
    }
  }
}
