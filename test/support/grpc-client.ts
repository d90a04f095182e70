/** The real gRPC client, `@grpc/grpc-js` of more-frameworks, with messages of plain bytes. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { installedFolder } from './more-frameworks.js';
import { monotonicMs, within } from './time.js';

/** Status codes that tests ask for. */
export const grpcStatus = { ok: 0, cancelled: 1, deadlineExceeded: 4, permissionDenied: 7, unavailable: 14 } as const;

interface Metadata {
  set(name: string, value: string | Buffer): void;
  get(name: string): (string | Buffer)[];
}

interface Status {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
}

/** What calls of every kind have; which of it may be used depends on the kind. */
interface LibraryCall {
  on(event: 'data', heard: (message: Buffer) => void): this;
  on(event: 'metadata', heard: (initial: Metadata) => void): this;
  on(event: 'status', heard: (status: Status) => void): this;
  on(event: 'error' | 'end', heard: () => void): this;
  write(message: Buffer): boolean;
  end(): void;
  cancel(): void;
  pause(): void;
  resume(): void;
}

type Serialize = (value: Buffer) => Buffer;
type Answered = (error: Error | null, message?: Buffer) => void;

interface LibraryClient {
  makeUnaryRequest(
    path: string,
    out: Serialize,
    back: Serialize,
    message: Buffer,
    metadata: Metadata,
    options: CallOptions,
    answered: Answered,
  ): LibraryCall;
  makeClientStreamRequest(
    path: string,
    out: Serialize,
    back: Serialize,
    metadata: Metadata,
    options: CallOptions,
    answered: Answered,
  ): LibraryCall;
  makeServerStreamRequest(
    path: string,
    out: Serialize,
    back: Serialize,
    message: Buffer,
    metadata: Metadata,
    options: CallOptions,
  ): LibraryCall;
  makeBidiStreamRequest(
    path: string,
    out: Serialize,
    back: Serialize,
    metadata: Metadata,
    options: CallOptions,
  ): LibraryCall;
  close(): void;
}

interface CallOptions {
  readonly deadline?: number;
}

interface Library {
  readonly Client: new (address: string, credentials: unknown, options: Record<string, unknown>) => LibraryClient;
  readonly Metadata: new () => Metadata;
  readonly credentials: { createInsecure(): unknown; createSsl(authority: Buffer): unknown };
}

/** How a call ended, and what it brought. */
export interface Reply {
  readonly code: number;
  readonly details: string;
  readonly messages: readonly Buffer[];
  readonly initial: Metadata | null;
  readonly trailing: Metadata;
}

export interface CallSettings {
  readonly metadata?: Readonly<Record<string, string | Buffer>>;
  readonly deadlineMs?: number;
}

export interface GrpcTarget {
  readonly port: number;
  /** Host of the calls; with TLS of the certificate too. */
  readonly host: string;
  /** PEM of the authority; null = without TLS. */
  readonly authority: string | null;
}

const replyLimitMs = 120_000;
const bytes: Serialize = (value) => value;

/** One call: what comes is collected until its status. */
export class GrpcCall {
  readonly messages: Buffer[];
  readonly reply: Promise<Reply>;
  isOver = false;
  readonly #call: LibraryCall;

  constructor(call: LibraryCall, what: string, messages: Buffer[] = []) {
    this.#call = call;
    this.messages = messages;
    let initial: Metadata | null = null;
    const ended = new Promise<Reply>((resolve) => {
      call.on('metadata', (metadata) => {
        initial = metadata;
      });
      call.on('status', ({ code, details, metadata }) => {
        this.isOver = true;
        resolve({ code, details, messages, initial, trailing: metadata });
      });
      call.on('error', () => undefined);
    });
    this.reply = within(replyLimitMs, `the status of ${what}`, ended);
    // Who does not ask for it must not fail by it.
    this.reply.catch(() => undefined);
  }

  /** Messages are taken as they come. */
  listen(): this {
    this.#call.on('data', (message) => this.messages.push(message));
    return this;
  }

  say(message: string | Buffer): boolean {
    return this.#call.write(Buffer.from(message));
  }

  end(): Promise<Reply> {
    this.#call.end();
    return this.reply;
  }

  cancel(): void {
    this.#call.cancel();
  }

  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }
}

/** A channel of its own, without retries: what fails is seen. */
export class GrpcClient {
  readonly #library: Library;
  readonly #client: LibraryClient;

  constructor({ port, host, authority }: GrpcTarget) {
    const load = createRequire(join(installedFolder('more-frameworks'), 'package.json'));
    this.#library = load('@grpc/grpc-js') as Library;
    const { Client, credentials } = this.#library;
    const channel = authority === null ? credentials.createInsecure() : credentials.createSsl(Buffer.from(authority));
    this.#client = new Client(`127.0.0.1:${port}`, channel, {
      'grpc.default_authority': `${host}:${port}`,
      'grpc.ssl_target_name_override': host,
      'grpc.enable_retries': 0,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_receive_message_length': -1,
    });
  }

  unary(method: string, message: string | Buffer = '', how: CallSettings = {}): GrpcCall {
    const messages: Buffer[] = [];
    const call = this.#client.makeUnaryRequest(
      path(method),
      bytes,
      bytes,
      Buffer.from(message),
      this.#metadata(how),
      options(how),
      (_error, answer) => {
        if (answer !== undefined) messages.push(answer);
      },
    );
    return new GrpcCall(call, method, messages);
  }

  /** The client streams; `end` gives the answer. */
  collect(method: string, how: CallSettings = {}): GrpcCall {
    const messages: Buffer[] = [];
    const call = this.#client.makeClientStreamRequest(
      path(method),
      bytes,
      bytes,
      this.#metadata(how),
      options(how),
      (_error, answer) => {
        if (answer !== undefined) messages.push(answer);
      },
    );
    return new GrpcCall(call, method, messages);
  }

  stream(method: string, message: string, how: CallSettings = {}): GrpcCall {
    const metadata = this.#metadata(how);
    const call = this.#client.makeServerStreamRequest(
      path(method),
      bytes,
      bytes,
      Buffer.from(message),
      metadata,
      options(how),
    );
    return new GrpcCall(call, method).listen();
  }

  chat(method: string, how: CallSettings = {}): GrpcCall {
    const call = this.#client.makeBidiStreamRequest(path(method), bytes, bytes, this.#metadata(how), options(how));
    return new GrpcCall(call, method).listen();
  }

  close(): void {
    this.#client.close();
  }

  #metadata({ metadata = {} }: CallSettings): Metadata {
    const made = new this.#library.Metadata();
    for (const [name, value] of Object.entries(metadata)) made.set(name, value);
    return made;
  }
}

function path(method: string): string {
  return `/test.Probe/${method}`;
}

function options({ deadlineMs }: CallSettings): CallOptions {
  return deadlineMs === undefined ? {} : { deadline: performance.timeOrigin + monotonicMs() + deadlineMs };
}
