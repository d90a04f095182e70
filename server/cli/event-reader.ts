/** Cuts a text/event-stream (the HTML standard) into events, piece by piece as it comes. */
import { eventTextCharsMax } from '../../config/base/cli-limits.js';

export interface ServerEvent {
  /** '' = none was given. */
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

export class EventReader {
  #text = '';
  #id = '';
  #event = '';
  #data: string[] = [];

  /** Throws when an event does not end. */
  feed(chunk: string): readonly ServerEvent[] {
    const found: ServerEvent[] = [];
    const lines = (this.#text + chunk).split(/\r\n|\n|\r/);
    this.#text = lines.pop() ?? '';
    if (this.#text.length > eventTextCharsMax) throw new Error('an event is too long');
    for (const line of lines) this.#take(line, found);
    return found;
  }

  #take(line: string, found: ServerEvent[]): void {
    if (line === '') {
      if (this.#data.length > 0)
        found.push({ id: this.#id, event: this.#event || 'message', data: this.#data.join('\n') });
      this.#event = '';
      this.#data = [];
      return;
    }
    const [, name = '', value = ''] = /^([^:]*)(?:: ?([^]*))?$/.exec(line) ?? [];
    if (name === 'id') this.#id = value;
    else if (name === 'event') this.#event = value;
    else if (name === 'data' && this.#data.length < eventTextCharsMax) this.#data.push(value);
  }
}
