import { beforeEach, expect, test } from '@jest/globals';
import type { RequestTrace } from '../../../pools/protocol/request-trace.js';
import { TraceLists } from '../../../server/primary/trace-lists.js';

const trace: RequestTrace = {
  site: 'main',
  siteId: 1,
  application: 'main/',
  pool: 'a',
  workerId: 1,
  startedAtMs: 0,
  timeTakenMs: 1,
  failureReason: 'STATUS_CODE',
  clientAddress: '127.0.0.1',
  method: 'GET',
  url: '/',
  host: 'a',
  version: '1.1',
  status: 500,
  subStatus: 0,
  reason: '',
  retries: 0,
  connectFailures: 0,
  stages: [],
  requestFields: [],
  requestBytes: 0,
  answerFields: [],
  answerBytes: 0,
  traceId: '',
  spanId: '',
  parentSpanId: '',
};

/** Site -> number -> when it began and its pool; null = the file is gone. */
let files: Map<number, Map<number, { readonly at: number; readonly pool: string } | null>>;
let reads: number;
let lists: TraceLists;
const everything = (): boolean => true;

beforeEach(() => {
  files = new Map();
  reads = 0;
  lists = new TraceLists(
    async (siteId) => [...(files.get(siteId)?.keys() ?? [])],
    async (siteId, id) => {
      reads += 1;
      const file = files.get(siteId)?.get(id);
      return file ? { id, trace: { ...trace, siteId, startedAtMs: file.at, pool: file.pool } } : null;
    },
  );
});

function write(siteId: number, count: number, at: (number: number) => number, pool = 'a'): void {
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  files.set(siteId, new Map(numbers.map((number) => [number, { at: at(number), pool }])));
}

async function ids(sites: readonly number[], limit: number, mayShow = everything): Promise<string> {
  const found = await lists.newest(sites, limit, (pool) => mayShow() && pool !== 'hidden');
  return found.map(({ id, startedAtMs }) => `${id}@${startedAtMs}`).join(' ');
}

test('of thousands the newest ones are told, and no others are read; who asks meanwhile gets what is known', async () => {
  write(1, 5_000, (number) => number);
  write(2, 3, (number) => 4_998 + number / 2);
  const expected = '5000@5000 3@4999.5 2@4999 4999@4999 1@4998.5';
  const answers = await Promise.all([ids([1, 2], 5), ids([1, 2], 5), ids([2, 1], 5)]);
  expect(answers[0]?.split(' ').toSorted()).toEqual(expected.split(' ').toSorted());
  expect(answers[1]).toBe(answers[0]);
  expect(reads).toBeLessThanOrEqual(7);
  await ids([1], 1_000);
  expect(reads).toBeLessThan(1_010);
});

test('what the caller may not see takes no place; a file that is gone is passed over, one written anew is read', async () => {
  write(1, 10, (number) => number, 'hidden');
  write(2, 4, (number) => number);
  files.get(2)?.set(3, null);
  expect(await ids([1, 2, 3], 3)).toBe('4@4 2@2 1@1');
  files.get(2)?.set(4, { at: 40, pool: 'a' });
  lists.forget(2, 4);
  expect(await ids([2], 1)).toBe('4@40');
  expect(await ids([3], 5)).toBe('');
});
