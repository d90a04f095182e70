/** `sluice trace`: the requests that failed, and the whole life of one. */
import { escapeControls, printableJson } from '../../config/base/diagnostics.js';
import type { StoredTrace } from '../admin/trace-views.js';
import { exitCode } from './exit-codes.js';
import { type AdminFlags, open } from './pool-command.js';
import { formatTable } from './table.js';

type RequestTrace = StoredTrace['trace'];
type Row = RequestTrace & { readonly id: number };

export async function listTraces(flags: AdminFlags & { readonly site?: string }): Promise<number> {
  const client = await open(flags);
  const query = flags.site === undefined ? '' : `?site=${encodeURIComponent(flags.site)}`;
  const { traces } = await client.ask<{ traces: readonly Row[] }>('GET', `/api/v1/traces${query}`);
  const rows = traces.map((one) => [
    one.site,
    String(one.id),
    new Date(one.startedAtMs).toISOString().slice(0, 19),
    codeOf(one),
    one.reason,
    `${Math.round(one.timeTakenMs)} ms`,
    one.pool,
    `${one.method} ${one.url}`.slice(0, 80),
  ]);
  const head = ['site', 'trace', 'time', 'status', 'reason', 'taken', 'pool', 'request'];
  process.stdout.write(
    flags.json === true ? `${printableJson(traces)}\n` : `${escapeLines(formatTable(head, rows))}\n`,
  );
  return exitCode.ok;
}

export async function showTrace(site: string, id: string, flags: AdminFlags): Promise<number> {
  const client = await open(flags);
  const path = `/api/v1/traces/${encodeURIComponent(site)}/${encodeURIComponent(id)}`;
  const trace = await client.ask<Row>('GET', path);
  process.stdout.write(flags.json === true ? `${printableJson(trace)}\n` : `${escapeLines(story(trace))}\n`);
  return exitCode.ok;
}

function story(trace: Row): string {
  const { stages, requestFields, answerFields } = trace;
  const about = [
    ['request', `${trace.method} ${trace.url} HTTP/${trace.version}`],
    ['from', `${trace.clientAddress} to ${trace.host}`],
    ['status', `${codeOf(trace)} ${trace.reason} after ${trace.timeTakenMs.toFixed(1)} ms (${trace.failureReason})`],
    ['where', `${trace.application || trace.site} in pool ${trace.pool || '-'}, worker ${trace.workerId || '-'}`],
    ['bytes', `${trace.requestBytes} asked, ${trace.answerBytes} answered`],
    ...(trace.traceId === '' ? [] : [['trace', `${trace.traceId} span ${trace.spanId}`]]),
  ];
  const told = stages.map(({ stage, atMs, detail }) => [`${atMs.toFixed(1)} ms`, stage, detail]);
  const fields = (title: string, list: RequestTrace['requestFields']): string[] =>
    list.length === 0 ? [] : ['', title, ...list.map(([name, value]) => `  ${name}: ${value}`)];
  const of = (rows: readonly (readonly string[])[]): string[] =>
    rows.map(([name = '', ...rest]) => `${name.padEnd(10)} ${rest.join('  ')}`);
  return [...of(about), '', ...of(told), ...fields('request', requestFields), ...fields('answer', answerFields)].join(
    '\n',
  );
}

function codeOf({ status, subStatus }: RequestTrace): string {
  return subStatus === 0 ? String(status) : `${status}.${subStatus}`;
}

function escapeLines(text: string): string {
  return text.split('\n').map(escapeControls).join('\n');
}
