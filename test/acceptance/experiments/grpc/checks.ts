/** What calls of every kind promise, each over TLS and without. */
import { type GrpcCall, type GrpcClient, grpcStatus, type Reply } from '../../../support/grpc-client.js';
import { call } from '../../../support/http-client.js';
import { monotonicMs, pause, until } from '../../../support/time.js';
import { violations } from '../../experiment.js';
import { type Backend, backends, type Channels, type GrpcWorld } from './server.js';

export interface GrpcCheck {
  readonly name: string;
  /** @returns the facts that did not hold. */
  readonly run: (world: GrpcWorld) => Promise<string[]>;
}

/** What the servers tell of themselves. */
interface Described {
  readonly held: number;
  readonly cancelled: number;
  readonly written: number;
  readonly pid: number;
  readonly binary: readonly string[];
  readonly hasDeadline: boolean;
  readonly path: string;
}

type Facts = Readonly<Record<string, boolean>>;

/** For every backend at the same time, with its channel over TLS and its channel without. */
function ofEach(
  name: string,
  look: (channels: Channels, backend: Backend, world: GrpcWorld) => Promise<Facts>,
): GrpcCheck {
  return {
    name,
    run: async (world) => {
      const found = await Promise.all(
        backends.map(async (backend) => {
          const facts = await look(world.channels(backend), backend, world);
          return violations(facts).map((fact) => `${backend}: ${fact}`);
        }),
      );
      return found.flat();
    },
  };
}

function overBoth(name: string, look: (client: GrpcClient) => Promise<Facts>): GrpcCheck {
  return ofEach(name, async ({ secure, clear }) => {
    const [first, second] = await Promise.all([look(secure), look(clear)]);
    const named = (how: string, facts: Facts) =>
      Object.entries(facts).map(([fact, holds]) => [`${how}: ${fact}`, holds]);
    return Object.fromEntries([...named('over TLS', first), ...named('without TLS', second)]) as Facts;
  });
}

async function describe(client: GrpcClient, how = {}): Promise<Described> {
  const { code, details, messages } = await client.unary('Describe', '', how).reply;
  if (code !== grpcStatus.ok) throw new Error(`Describe: ${code} ${details}`);
  return JSON.parse(String(messages[0])) as Described;
}

function text({ messages }: Reply): string {
  return messages.map(String).join();
}

function hasTrailers({ trailing }: Reply): boolean {
  const sum = trailing.get('sum-bin')[0];
  return trailing.get('x-trailing')[0] === 'seen last' && Buffer.isBuffer(sum) && sum.toString('hex') === '0001feff';
}

/** Says something and waits until it comes back. */
async function exchange(chat: GrpcCall, message: string): Promise<void> {
  const known = chat.messages.length;
  chat.say(message);
  await until(`${message} comes back`, () => chat.messages.length > known || chat.isOver, { withinMs: 60_000 });
}

const unary = overBoth('unary calls with metadata, trailers and statuses', async (client) => {
  const metadata = { 'x-in': 'first', 'in-bin': Buffer.from([0, 10, 13, 255]) };
  const reply = await client.unary('Unary', 'hello', { metadata }).reply;
  const told = await describe(client, { metadata, deadlineMs: 60_000 });
  const denied = await client.unary('Deny').reply;
  const unknown = await client.unary('Nothing').reply;
  const many = await Promise.all(Array.from({ length: 150 }, (_, n) => client.unary('Unary', `message ${n}`).reply));
  return {
    [`the message comes back, not ${reply.code} ${reply.details}`]: reply.code === 0 && text(reply) === 'hello',
    'metadata in front of the answer': reply.initial?.get('x-initial')[0] === 'first',
    'trailers, binary ones too': hasTrailers(reply),
    'binary metadata of the request': told.binary.join() === '000a0dff',
    'the deadline and the path': told.hasDeadline && told.path === '/test.Probe/Describe',
    [`an error before any message: ${denied.code} ${denied.details}`]:
      denied.code === grpcStatus.permissionDenied && denied.details === 'nicht für dich: 50 %' && hasTrailers(denied),
    'a method that is not there': unknown.code === 12,
    'more at once than a connection takes': many.every((one, n) => text(one) === `message ${n}`),
  };
});

const streaming = overBoth('client, server and bidirectional streaming', async (client) => {
  const upload = client.collect('Collect');
  for (let n = 0; n < 50; n += 1) upload.say(Buffer.alloc(2_000, n));
  const collected = await upload.end();
  const counted = await client.stream('Count', '100 1000').reply;
  const chat = client.chat('Chat');
  for (let n = 0; n < 5; n += 1) await exchange(chat, `piece ${n}`);
  const spoken = chat.messages.map(String).join();
  const ended = await chat.end();
  return {
    [`all that was sent is counted: ${text(collected)}`]: text(collected) === '{"messages":50,"bytes":100000}',
    'with trailers': hasTrailers(collected) && hasTrailers(counted) && hasTrailers(ended),
    'every message of a stream': counted.code === 0 && counted.messages.length === 100,
    'in order': counted.messages.every((one, n) => one.length === 1_000 && one[0] === n),
    [`each piece comes back before the next is said: ${spoken}`]:
      spoken === 'piece 0,piece 1,piece 2,piece 3,piece 4' && ended.code === 0,
  };
});

const large = overBoth('large messages, and a reader that takes its time', async (client) => {
  const message = Buffer.alloc(3_500_000, 'm');
  const back = await client.unary('Unary', message).reply;
  const { written: before } = await describe(client);
  const stream = client.stream('Count', '400 50000');
  let ahead = 0;
  for (let n = 1; n <= 5; n += 1) {
    stream.resume();
    await until('a message', () => stream.messages.length >= n || stream.isOver, { withinMs: 60_000, everyMs: 1 });
    stream.pause();
    ahead = Math.max(ahead, (await describe(client)).written - before - stream.messages.length);
  }
  stream.resume();
  const { code, messages } = await stream.reply;
  return {
    '3.5 MB there and back': back.messages[0]?.equals(message) === true,
    // Two channels count together; whoever is not held back is 400 ahead.
    [`the server waits for its reader, not ${ahead} messages ahead`]: ahead < 700,
    'nothing of it is lost': code === 0 && messages.length === 400,
  };
});

const endings = ofEach('deadlines and cancelled calls reach the server', async ({ secure, clear }) => {
  const before = await describe(secure);
  const codes = await Promise.all(
    [secure, clear].map(async (channel) => {
      const late = channel.unary('Hold', '', { deadlineMs: 1_500 });
      const given = channel.unary('Hold');
      await until('all wait', async () => (await describe(secure)).held >= before.held + 4, { withinMs: 60_000 });
      given.cancel();
      return [(await late.reply).code, (await given.reply).code].join();
    }),
  );
  const heard = async (): Promise<boolean> => (await describe(secure)).cancelled >= before.cancelled + 4;
  await until('the server heard of each', heard, { withinMs: 60_000 });
  return { [`statuses ${codes.join(' ')}`]: codes.every((one) => one === '4,1') };
});

/** The rate of a body is judged after 5 s, then in every tick. */
const silentMs = 7_000;

interface Silence {
  readonly sinceMs: number;
  readonly chats: readonly GrpcCall[];
}

const silences = new WeakMap<GrpcWorld, Silence>();

const silenceBegins: GrpcCheck = {
  name: 'calls open and fall silent',
  run: async (world) => {
    const channels = backends.map((one) => world.channels(one)).flatMap(({ secure, clear }) => [secure, clear]);
    const chats = channels.map((client) => client.chat('Chat'));
    for (const chat of chats) await exchange(chat, 'a');
    silences.set(world, { sinceMs: monotonicMs(), chats });
    return violations({ 'they are answered': chats.every((one) => one.messages.length === 1) });
  },
};

const silenceEnds: GrpcCheck = {
  name: 'a call that is silent for longer than a body may be goes on',
  run: async (world) => {
    const { sinceMs, chats } = silences.get(world) ?? { sinceMs: 0, chats: [] };
    await pause(Math.max(0, sinceMs + silentMs - monotonicMs()));
    for (const chat of chats) if (!chat.isOver) await exchange(chat, 'b');
    const ended = await Promise.all(chats.map((chat) => chat.end()));
    const seen = ended.map((one) => `${one.code} ${text(one)}`).join('; ');
    return violations({ [seen]: chats.length > 0 && ended.every((one) => one.code === 0 && text(one) === 'a,b') });
  },
};

/** Unary calls, one after another, until it is stopped. */
function steadyCalls(client: GrpcClient): () => Promise<string[]> {
  const failed: string[] = [];
  let isOn = true;
  const running = (async () => {
    while (isOn) {
      const reply = await client.unary('Unary', 'steady').reply;
      if (reply.code !== 0 || text(reply) !== 'steady') failed.push(`${reply.code} ${reply.details}`);
    }
  })();
  return async () => {
    isOn = false;
    await running;
    return failed;
  };
}

const recycle = ofEach(
  'a recycle loses no call, and calls that last stay with the old worker',
  async ({ secure, clear }, backend, { sluice }) => {
    const chats = [secure, clear].map((client) => client.chat('Chat'));
    for (const chat of chats) await exchange(chat, 'before');
    const steady = [secure, clear].map(steadyCalls);
    const { pid } = await describe(secure);
    const asked = call(sluice.adminSocket, `/api/v1/pools/${backend}/recycle`, { method: 'POST', limitMs: 120_000 });
    asked.catch(() => undefined);
    await until('another worker answers', async () => (await describe(secure)).pid !== pid, { withinMs: 60_000 });
    for (const chat of chats) await exchange(chat, 'after');
    const ended = await Promise.all(chats.map((chat) => chat.end()));
    const isGone = async (): Promise<boolean> => !(await sluice.workerPids(backend)).includes(pid);
    await until('the old one ends', isGone, { withinMs: 60_000 });
    const failed = (await Promise.all(steady.map((stop) => stop()))).flat();
    return {
      [`calls that failed: ${failed.slice(0, 3).join()}`]: failed.length === 0,
      'what lasted went on': ended.every((one) => one.code === 0 && text(one) === 'before,after'),
    };
  },
);

const killed = ofEach(
  'calls of a worker that is killed end as unavailable, the next is answered',
  async ({ secure, clear }, backend, { sluice }) => {
    const { held } = await describe(secure);
    const chats = [secure, clear].map((one) => one.chat('Chat'));
    for (const chat of chats) await exchange(chat, 'before');
    const waiting = [secure, clear].map((one) => one.unary('Hold'));
    const allWait = async (): Promise<boolean> => (await describe(secure)).held >= held + waiting.length;
    await until('they wait', allWait, { withinMs: 60_000 });
    for (const pid of await sluice.workerPids(backend)) process.kill(pid, 'SIGKILL');
    const ended = await Promise.all([...chats, ...waiting].map((one) => one.reply));
    const codes = ended.map((one) => one.code).join();
    const isAnswered = async (): Promise<boolean> => (await secure.unary('Unary', 'next').reply).code === 0;
    await until('the next is answered', isAnswered, { withinMs: 60_000 });
    return { [`statuses ${codes}`]: ended.every((one) => one.code === grpcStatus.unavailable) };
  },
);

/** In this order: the silent calls are so while others run. */
export const grpcChecks: readonly GrpcCheck[] = [
  silenceBegins,
  unary,
  streaming,
  large,
  endings,
  silenceEnds,
  recycle,
  killed,
];
