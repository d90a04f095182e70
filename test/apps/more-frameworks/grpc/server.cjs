// A gRPC server as people write it with @grpc/grpc-js; messages are plain bytes. Its connections get GOAWAY every two seconds.
const { Metadata, Server, ServerCredentials, status } = require('@grpc/grpc-js');

const seen = { held: 0, cancelled: 0, written: 0, pid: process.pid };
const bytes = (value) => value;
const kinds = {
  Unary: [false, false],
  Describe: [false, false],
  Deny: [false, false],
  Hold: [false, false],
  Collect: [true, false],
  Count: [false, true],
  Chat: [true, true],
};
const service = Object.fromEntries(
  Object.entries(kinds).map(([name, [requestStream, responseStream]]) => [
    name,
    {
      path: `/test.Probe/${name}`,
      requestStream,
      responseStream,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    },
  ]),
);

function trailing() {
  const trailers = new Metadata();
  trailers.set('x-trailing', 'seen last');
  trailers.set('sum-bin', Buffer.from([0, 1, 254, 255]));
  return trailers;
}

const methods = {
  /** The message back. */
  Unary(call, done) {
    const initial = new Metadata();
    initial.set('x-initial', `${call.metadata.get('x-in')[0] ?? ''}`);
    call.sendMetadata(initial);
    done(null, call.request, trailing());
  },
  Describe(call, done) {
    const binary = call.metadata.get('in-bin').map((one) => one.toString('hex'));
    const hasDeadline = Number.isFinite(Number(call.getDeadline()));
    done(null, Buffer.from(JSON.stringify({ ...seen, binary, hasDeadline, path: call.getPath() })));
  },
  /** An error before any message: trailers only. */
  Deny(_call, done) {
    done({ code: status.PERMISSION_DENIED, details: 'nicht für dich: 50 %', metadata: trailing() });
  },
  /** Answers never. */
  Hold(call) {
    seen.held += 1;
    call.on('cancelled', () => (seen.cancelled += 1));
  },
  Collect(call, done) {
    const got = { messages: 0, bytes: 0 };
    call.on('data', (message) => {
      got.messages += 1;
      got.bytes += message.length;
    });
    call.on('end', () => done(null, Buffer.from(JSON.stringify(got)), trailing()));
  },
  /** `COUNT SIZE`: so many messages of that size, no faster than they are taken. */
  async Count(call) {
    const [count, size] = call.request.toString().split(' ').map(Number);
    for (let n = 0; n < count && !call.cancelled; n += 1) {
      const isTaken = call.write(Buffer.alloc(size, n % 256));
      seen.written += 1;
      if (!isTaken) await new Promise((resolve) => call.once('drain', resolve));
    }
    call.end(trailing());
  },
  /** Every message back as it comes. */
  Chat(call) {
    call.on('data', (message) => call.write(message));
    call.on('end', () => call.end(trailing()));
    call.on('error', () => undefined);
  },
};

const server = new Server({ 'grpc.max_connection_age_ms': 2_000, 'grpc.max_receive_message_length': -1 });
server.addService(service, methods);
server.bindAsync(`127.0.0.1:${process.env.PORT}`, ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
});
process.on('SIGTERM', () => server.tryShutdown(() => process.exit(0)));
