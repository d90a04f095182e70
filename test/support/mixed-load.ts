/** What clients do at once: kept connections, new ones for every request, and requests that take long. */
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

/** `ratePerSecond` in all: 70 % on kept connections, 20 % on new ones, 10 % that take 0.7 s. */
export function startMix(port: number, ratePerSecond: number): RunningMix {
  const isRight = (serial: number, text: string): boolean => text.startsWith(`echo ${serial} `);
  const kinds = {
    'keep-alive': { share: 0.7, keepAliveConnections: 64, ms: 0 },
    new: { share: 0.2, keepAliveConnections: 0, ms: 0 },
    slow: { share: 0.1, keepAliveConnections: 64, ms: slowMs },
  };
  const loads = Object.entries(kinds).map(([name, { share, keepAliveConnections, ms }]) => ({
    name,
    load: startLoad({
      target: port,
      ratePerSecond: ratePerSecond * share,
      keepAliveConnections,
      path: (serial) => `/?n=${serial}&ms=${ms}`,
      isRight,
    }),
  }));
  return {
    sent: () => loads.reduce((sum, { load }) => sum + load.report.sent, 0),
    async stop() {
      const reports = await Promise.all(loads.map(async ({ name, load }) => ({ name, report: await load.stop() })));
      return summary(reports);
    },
  };
}

function summary(reports: readonly { readonly name: string; readonly report: LoadReport }[]): MixedReport {
  const lost = reports.filter(({ report }) => failed(report) > 0);
  const quick = reports.filter(({ name }) => name !== 'slow').flatMap(({ report }) => report.latenciesMs);
  return {
    sent: reports.reduce((sum, { report }) => sum + report.sent, 0),
    failed: reports.reduce((sum, { report }) => sum + failed(report), 0),
    p99Ms: Math.round(percentile(quick, 0.99)),
    words: reports.map(({ name, report }) => `${name} ${failed(report)} of ${report.sent}`).join(', '),
    failures: lost.map(({ name, report }) => `${name}: ${describeLoad(report)}`).join('; '),
  };
}
