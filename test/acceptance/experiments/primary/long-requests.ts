/** A recycle while requests run that take a minute: below the limit all of them end as they would have. */
import type { ReceiptView } from '../../../../pools/supervisor/ports.js';
import { hostingModels } from '../../../support/hosting.js';
import { call } from '../../../support/http-client.js';
import { app } from '../../../support/paths.js';
import { type Sluice, withSluice } from '../../../support/sluice.js';
import { monotonicMs, until } from '../../../support/time.js';
import { type Experiment, type Outcome, type Row, scaled, violations } from '../../experiment.js';

const requests = 100;

interface Case {
  readonly pool: string;
  readonly model: string;
  readonly limitSeconds: number;
  readonly seconds: number;
}

function span(seconds: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `00:${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
}

/** What the worker itself has under way, without the question. */
async function underWay(sluice: Sluice, pool: string): Promise<number> {
  const { text } = await sluice.call(`/${pool}/state`);
  return (JSON.parse(text) as { readonly inFlight: number }).inFlight - 1;
}

async function receiptOf(sluice: Sluice, pool: string): Promise<ReceiptView> {
  return until('the receipt', async () => (await sluice.pool(pool)).receipts.at(-1), {
    withinMs: 200_000,
    everyMs: 100,
  });
}

async function oneCase(sluice: Sluice, { pool, model, limitSeconds, seconds }: Case): Promise<Row> {
  const old = (await sluice.call(`/${pool}/pid`)).text;
  const startedMs = monotonicMs();
  const limitMs = (seconds + limitSeconds) * 1_000 + 60_000;
  const ends = new Map<string, number>();
  const all = Array.from({ length: requests }, async () => {
    const path = `/${pool}/slow?ms=${seconds * 1_000}`;
    // With a body: nothing of it may be sent a second time.
    const end = await call(sluice.port, path, { limitMs, method: 'POST', body: 'x' }).then(
      ({ status }) => String(status),
      () => 'cut',
    );
    ends.set(end, (ends.get(end) ?? 0) + 1);
  });
  await until('all of them run', async () => (await underWay(sluice, pool)) === requests);
  await call(sluice.adminSocket, `/api/v1/pools/${pool}/recycle`, { method: 'POST' });
  await until('the new worker serves', async () => (await sluice.call(`/${pool}/pid`)).text !== old, {
    withinMs: 60_000,
  });
  const receipt = await receiptOf(sluice, pool);
  await Promise.all(all);
  const tookSeconds = Math.round((monotonicMs() - startedMs) / 1_000);
  const answered = ends.get('200') ?? 0;
  const words = [...ends].map(([end, count]) => `${count} x ${end}`).join(', ');
  const isLong = limitSeconds > seconds;
  const { drained, late, retried, cut } = receipt.requests;
  // The record is on its way to us when the API already has it.
  await until('the log has the receipt', () => {
    const lines = sluice.output().split('\n');
    return lines.some((line) => line.includes('receipt') && line.includes(`oldPid=${receipt.old.pid} `));
  });
  return {
    name: `${model}, requests of ${seconds} s, limit ${limitSeconds} s`,
    measured: `${words} after ${tookSeconds} s; receipt: ${drained} drained, ${late} late, ${cut} cut, ended by ${receipt.old.ended} after ${Math.round(receipt.durationMs / 1_000)} s`,
    broken: violations({
      [`cut below the limit: ${words}`]: !isLong || answered === requests,
      [`the receipt says ${retried} retried, ${cut} cut`]: !isLong || retried + cut === 0,
      [`cut at the limit: ${words}, the receipt says ${cut}`]: isLong || (answered === 0 && cut === requests),
      [`the receipt came after ${receipt.durationMs} ms`]: isLong || receipt.durationMs < limitSeconds * 1_000 + 5_000,
    }),
  };
}

async function run(seconds: number): Promise<Outcome> {
  const kinds = {
    long: { seconds, limitSeconds: seconds + 30 },
    // Cut long before their end.
    short: { seconds: Math.max(60, seconds), limitSeconds: Math.max(2, Math.round(seconds / 6)) },
  };
  const cases = hostingModels.flatMap(({ model, settings }) =>
    Object.entries(kinds).map(([name, kind]) => ({ pool: `${name}-${model}`, model, settings, ...kind })),
  );
  const rows: Row[] = [];
  await withSluice(
    {
      applicationPools: cases.map(({ pool, limitSeconds }) => ({
        name: pool,
        processModel: { shutdownTimeLimit: span(limitSeconds) },
      })),
      applications: cases.map(({ pool, settings }) => ({
        path: `/${pool}`,
        applicationPool: pool,
        physicalPath: app('plain'),
        ...settings,
      })),
    },
    async (sluice) => {
      rows.push(...(await Promise.all(cases.map((one) => oneCase(sluice, one)))));
    },
  );
  return {
    measured: rows.map(({ name, measured }) => `${name}: ${measured}`).join('; '),
    broken: rows.flatMap(({ name, broken }) => broken.map((one) => `${name}: ${one}`)),
    missed: [],
    rows,
  };
}

export const longRequests: Experiment = {
  name: 'recycle-long-requests',
  promise:
    'recycle with 100 requests that run 60 s: 0 cut below the limit of 90 s; at a limit of 10 s all are closed and the receipt in the log says so',
  run: (scale) => run(scaled(60, scale, 8)),
};
