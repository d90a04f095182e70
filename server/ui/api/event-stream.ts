/**
 * Server-sent events read with fetch, since an EventSource cannot send the session's field. Connects again by itself
 * from where it was, waiting longer each time it fails.
 */
import { after, nowMs } from '../page-clock.js';
import { answerTo, ApiError } from './client.js';

export interface StreamMessage {
  /** '' = none was given. */
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
}

export interface StreamHandlers {
  message(message: StreamMessage): void;
  opened(): void;
  /** `final`: it is refused and not tried again. */
  lost(error: unknown, final: boolean): void;
}

const retryFirstMs = 500;
const retryMostMs = 8_000;
/** One event, unread. */
const textMax = 4_194_304;
/** The server says something at least every 5 s; a connection that says nothing is dead whatever TCP believes. */
const silenceLimitMs = 15_000;

export class EventFeed {
  readonly #path: string;
  readonly #handlers: StreamHandlers;
  #abort = new AbortController();
  #cancelRetry: () => void = () => undefined;
  #failures = 0;
  #lastId = '';
  /** Anything was heard, heartbeats too. */
  heardAtMs = 0;

  constructor(path: string, handlers: StreamHandlers) {
    this.#path = path;
    this.#handlers = handlers;
  }

  /** The returned function ends it. */
  open(): () => void {
    void this.#run();
    return () => {
      this.#cancelRetry();
      this.#abort.abort();
    };
  }

  async #run(): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    let watch: () => void = () => undefined;
    try {
      const headers: Record<string, string> = { accept: 'text/event-stream' };
      if (this.#lastId !== '') headers['last-event-id'] = this.#lastId;
      const response = await answerTo(this.#path, { headers, signal: abort.signal });
      this.#failures = 0;
      this.heardAtMs = nowMs();
      this.#handlers.opened();
      watch = this.#watch(abort);
      await this.#read(response);
      throw new Error('the server ended the stream');
    } catch (error) {
      watch();
      this.#failed(error, abort);
    }
  }

  #failed(error: unknown, abort: AbortController): void {
    if (abort !== this.#abort || (abort.signal.aborted && abort.signal.reason !== silent)) return;
    const isFinal = error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429;
    this.#handlers.lost(error, isFinal);
    if (isFinal) return;
    const delayMs = Math.min(retryMostMs, retryFirstMs * 2 ** this.#failures);
    this.#failures += 1;
    this.#cancelRetry = after(delayMs, () => void this.#run());
  }

  /** Ends a connection that has fallen silent. */
  #watch(abort: AbortController): () => void {
    let cancel: () => void = () => undefined;
    const look = (): void => {
      if (nowMs() - this.heardAtMs > silenceLimitMs) abort.abort(silent);
      else cancel = after(silenceLimitMs / 3, look);
    };
    look();
    return () => cancel();
  }

  async #read(response: Response): Promise<void> {
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    if (reader === undefined) return;
    let text = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.heardAtMs = nowMs();
      text += value;
      const end = text.lastIndexOf('\n\n');
      if (end === -1) {
        if (text.length > textMax) throw new Error('the server sent an event without an end');
        continue;
      }
      for (const block of text.slice(0, end).split('\n\n')) this.#tell(block);
      text = text.slice(end + 2);
    }
  }

  #tell(block: string): void {
    const message = parseEvent(block);
    if (message === null) return;
    if (message.id !== '') this.#lastId = message.id;
    this.#handlers.message(message);
  }
}

const silent = 'nothing was heard for too long';

/** null = a comment, or nothing that we understand. */
export function parseEvent(block: string): StreamMessage | null {
  let id = '';
  let event = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const value = line.slice(colon + 1).replace(/^ /, '');
    const field = line.slice(0, colon);
    if (field === 'id') id = value;
    else if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
  }
  if (data.length === 0) return null;
  try {
    return { id, event, data: JSON.parse(data.join('\n')) };
  } catch {
    return null;
  }
}
