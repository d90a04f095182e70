/** Runs a script against the pure engine; the application of `script.ts` is the owner. */
import { createServerConnection } from '../../../server/http2/server-connection.js';
import { FrameBuffer } from '../../../server/http2/frame-buffer.js';
import type { ServerConnection, ServerEvents, ServerStream } from '../../../server/http2/types.js';
import { FrameLog } from '../../support/http2-frames.js';
import { type Script, stepsOf } from './script.js';

/** What the owner collects of a stream. */
interface Echo {
  readonly parts: Buffer[];
  answered: boolean;
}

export class EngineUnderTest {
  readonly log = new FrameLog();
  readonly output = new FrameBuffer();
  readonly connection: ServerConnection<Echo>;
  /** What the owner was told, one line each. */
  readonly told: string[] = [];
  nowMs = 1_000;
  readonly live = new Set<ServerStream<Echo>>();

  constructor(events: Partial<ServerEvents<Echo>> = {}) {
    this.connection = createServerConnection<Echo>(this.output, { ...this.#events(), ...events }, { schemes: 'any' });
    this.connection.start();
    this.flush();
  }

  send(bytes: Buffer): void {
    // The engine may write into what it reads, and a script is sent more than once.
    this.connection.receive(Buffer.from(bytes), 0, bytes.length, this.nowMs);
    this.flush();
  }

  flush(): void {
    this.log.add(this.output.take());
  }

  #events(): ServerEvents<Echo> {
    return {
      onRequest: (stream) => this.#request(stream),
      onData: (stream, buffer, start, end) => {
        this.told.push(`data ${stream.id}`);
        stream.owner?.parts.push(Buffer.from(buffer.subarray(start, end)));
        if (stream.request.path !== '/hold') this.connection.consumed(stream, end - start);
      },
      onEnd: (stream, trailers) => {
        const bytes = Buffer.concat(stream.owner?.parts ?? []).toString('latin1');
        this.told.push(`end ${stream.id} [${bytes}] ${JSON.stringify(trailers)}`);
        this.#complete(stream);
      },
      onReset: (stream, code, byPeer) => {
        this.told.push(`reset ${stream.id} ${code} ${byPeer ? 'peer' : 'us'}`);
        this.#release(stream);
      },
      onWritable: (stream) => this.told.push(`writable ${stream.id}`),
      onMalformed: (reason) => this.told.push(`malformed ${reason}`),
      onFailed: (failure) => this.told.push(`failed ${failure.reason}`),
      onDrained: () => this.told.push('drained'),
    };
  }

  #request(stream: ServerStream<Echo>): void {
    const { request } = stream;
    this.told.push(`request ${stream.id} ${request.method} ${request.target} ${request.rejection?.reason ?? ''}`);
    stream.owner = { parts: [], answered: false };
    this.live.add(stream);
    if (request.rejection !== null) this.#answer(stream, request.rejection.status, 'refused');
    else if (request.path === '/early') this.#answer(stream, 200, 'early');
    else if (stream.isPeerDone) this.#complete(stream);
  }

  /** The request is complete. */
  #complete(stream: ServerStream<Echo>): void {
    const { request } = stream;
    if (stream.owner === null || stream.owner.answered) return;
    switch (request.path) {
      case '/hold':
        return;
      case '/big':
        this.#answer(stream, 200, 'x'.repeat(100_000));
        return;
      case '/echo':
        this.#answer(stream, 200, Buffer.concat(stream.owner.parts).toString('latin1'));
        return;
      case '/cookie':
        this.#answer(stream, 200, request.fields[request.fields.indexOf('cookie') + 1] ?? '');
        return;
      default:
        this.#answer(stream, 200, 'ok');
    }
  }

  #answer(stream: ServerStream<Echo>, status: number, text: string): void {
    const body = Buffer.from(text, 'latin1');
    if (stream.owner !== null) stream.owner.answered = true;
    const fields = ['Content-Type', 'text/plain', 'Content-Length', String(body.length), 'Server', 'test'];
    this.connection.respondWith(stream, status, fields, body.length === 0);
    this.connection.data(stream, body, 0, body.length);
    this.connection.end(stream, null);
    this.#release(stream);
  }

  #release(stream: ServerStream<Echo>): void {
    this.live.delete(stream);
    this.connection.release(stream);
  }
}

/** Conditions must hold at once: the engine and its owner do not wait for anything. */
export function runOnEngine(script: Script): { readonly log: FrameLog; readonly problem: string } {
  const engine = new EngineUnderTest();
  for (const [at, step] of stepsOf(script).entries()) {
    if (Buffer.isBuffer(step)) engine.send(step);
    else if (!step(engine.log)) return { log: engine.log, problem: `step ${at}: what it waits for does not come` };
  }
  return { log: engine.log, problem: '' };
}
