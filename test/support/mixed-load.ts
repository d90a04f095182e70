/** What clients do at once: kept connections, new ones for every request, and requests that take long. */
import { Http2Senders } from './http2-senders.js';
import { describeLoad, failed, type LoadReport, percentile, startLoad } from './load.js';

/** Answers `echo SERIAL EDITION`, after `ms` where the path asks for it. */
export const echoApp = `
const edition = process.env.EDITION ?? '';
require('node:http')
  .createServer((request, response) => {
    const url = new URL(request.url, 'http://localhost');
    const answer = () => response.end('echo ' + url.searchParams.get('n') + ' ' + edition);
    const ms = Number(url.searchParams.get('ms') ?? 0);
    if (ms > 0) setTimeout(answer, ms);
    else answer();
  })
  .listen(Number(process.env.PORT));
`;

export interface MixedReport {
  readonly sent: number;
  readonly failed: number;
  readonly p99Ms: number;
  /** Of the same requests: how late they were sent, at p99. */
  readonly sentLateMs: number;
  /** Figures of each kind of traffic. */
  readonly words: string;
  /** '' or what went wrong. */
  readonly failures: string;
}

export interface RunningMix {
  readonly sent: () => number;
  stop(): Promise<MixedReport>;
}

const slowMs = 700;

/**
 * `ratePerSecond` in all: 70 % on kept connections, 20 % on new ones, 10 % that take 0.7 s. With `http2` (prior
 * knowledge) 30 % are streams of four connections instead of requests on kept ones. `base`: path of the application.
 */
export function startMix(port: number, ratePerSecond: number, http2 = false, base = '/'): RunningMix {
  const isRight = (serial: number, text: string): boolean => text.startsWith(`echo ${serial} `);
  const kinds = {
    'keep-alive': { share: http2 ? 0.4 : 0.7, keepAliveConnections: 64, ms: 0 },
    new: { share: 0.2, keepAliveConnections: 0, ms: 0 },
    slow: { share: 0.1, keepAliveConnections: 64, ms: slowMs },
    ...(http2 ? { http2: { share: 0.3, keepAliveConnections: 0, ms: 0 } } : {}),
  };
  const senders = http2 ? new Http2Senders(`http://localhost:${port}`, 4) : null;
  const loads = Object.entries(kinds).map(([name, { share, keepAliveConnections, ms }]) => ({
    name,
    load: startLoad({
      target: port,
      ratePerSecond: ratePerSecond * share,
      keepAliveConnections,
      ...(name === 'http2' && senders !== null ? { send: (path) => senders.send(path) } : {}),
      // Every fourth stream takes long: something is always in flight.
      path: (serial) => `${base}?n=${serial}&ms=${name === 'http2' && serial % 4 === 0 ? slowMs : ms}`,
      isRight,
    }),
  }));
  return {
    sent: () => loads.reduce((sum, { load }) => sum + load.report.sent, 0),
    async stop() {
      const reports = await Promise.all(loads.map(async ({ name, load }) => ({ name, report: await load.stop() })));
      senders?.close();
      return summary(reports, senders?.neverSent ?? 0);
    },
  };
}

function summary(
  reports: readonly { readonly name: string; readonly report: LoadReport }[],
  again: number,
): MixedReport {
  const lost = reports.filter(({ report }) => failed(report) > 0);
  const quick = reports.filter(({ name }) => name !== 'slow' && name !== 'http2').map(({ report }) => report);
  const p99 = (values: readonly number[]): number => Math.round(percentile(values, 0.99));
  return {
    sent: reports.reduce((sum, { report }) => sum + report.sent, 0),
    failed: reports.reduce((sum, { report }) => sum + failed(report), 0),
    p99Ms: p99(quick.flatMap(({ latenciesMs }) => latenciesMs)),
    sentLateMs: p99(quick.flatMap(({ sentLateMs }) => sentLateMs)),
    words:
      reports.map(({ name, report }) => `${name} ${failed(report)} of ${report.sent}`).join(', ') +
      (again > 0 ? `, ${again} streams sent again after GOAWAY` : ''),
    failures: lost.map(({ name, report }) => `${name}: ${describeLoad(report)}`).join('; '),
  };
}
