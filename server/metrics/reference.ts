/** The reference page of the metrics, from their definitions and nothing else. */
import { codeLabels, listenerMetrics, type MetricDefinition, methodLabels } from './definitions.js';
import { primaryMetrics } from './primary-definitions.js';
import { windowsMetrics } from './windows-definitions.js';

const intro = `# Metrics

Generated from \`server/metrics\` by \`npm run docs\`; do not edit.

\`GET /metrics\` of the admin listener (\`admin.listen\`, 127.0.0.1:9900 unless set) and of the admin socket answers the
Prometheus text format 0.0.4. It comes from the memory of the primary and from \`/proc\`: a worker that hangs delays no scrape.
Whoever asks while one is written gets the same, and by TCP one serves for half a second: asking often costs nothing.

Ready-made rules, alerts and their tests are in \`deploy/prometheus\`, dashboards in \`deploy/grafana\`.

## What holds for all of them

- They are about one node, which knows of no other: there is no \`sluice_cluster_*\`. Several nodes are told apart by the labels of the scrape
  (\`instance\`), and what a cluster would say of them is the scrape's own \`up\`: \`sum(up{job="sluice"})\` of \`count(up{job="sluice"})\`.
- Counters and histograms of requests are counted in the listeners and told to the primary once a second, each report exactly once:
  a listener killed with SIGKILL loses at most its last second, and nothing is counted twice. Its gauges are void at once.
- The series of a pool begin with its first request or worker; those of a removed pool or site are shown once more and then gone.
- Labels are closed lists or names of the configuration (and names that certificates were ordered for on demand): nothing else that a
  client or an application sends becomes one. \`method\` is one of
  ${methodLabels.map((one) => `\`${one}\``).join(', ')}; \`code\` is the class of the status: ${codeLabels.map((one) => `\`${one}\``).join(', ')}.
  With \`metrics.statusCodes: exact\` there is \`${listenerMetrics.httpRequestsByStatus.name}\` too, where \`status\` is a registered
  code, or the class of one that is not.
- \`worker\` is the slot of a worker in its application and \`listener\` the number of a listener: both outlive the process.
- \`metrics.seriesMax\` bounds the lines that sites, pools and workers have together. What does not fit is not kept, and every update of it
  is counted in \`${primaryMetrics.updatesDropped.name}\`. The last third is kept free of histograms, so that with thousands of
  busy pools the counters of all of them are there when the histograms of some are not.
`;

const processNote = `The names \`process_*\` and \`nodejs_*\` are those of the primary's own process, as prom-client has them.
`;

const publishedNote = `In-process applications publish what a registry of prom-client holds with one call:

\`\`\`js
const { publishMetrics } = require('@sluice/integration');
publishMetrics(require('prom-client').register);
\`\`\`

- Every series gets the label \`pool\`; a label \`pool\` of the application becomes \`exported_pool\`.
- A worker reports every five seconds, without being asked: a worker that hangs delays nothing. Counters and histograms of all workers
  are added up and stay when a worker ends; gauges are joined by the \`aggregator\` of the metric (sum unless it says otherwise) and are
  left out when their worker is silent for a minute or has ended. Of summaries there are only sum and count.
- Names that begin with \`sluice_\`, \`windows_\`, \`process_\`, \`nodejs_\`, \`prometheus_\` or \`scrape_\` are not taken: give
  \`collectDefaultMetrics\` a \`prefix\`, or leave it out, because Sluice measures its workers itself. Nor are names with a colon, which are for
  recording rules. In one pool a name has one type, that of its first report; where pools differ on it all of them are shown, as
  \`untyped\`, and \`HELP\` says so.
- A report has at most 48 KiB, 200 families and 1,000 samples, a sample 10 labels of 128 characters, a pool \`metrics.publishedSeries\`
  series. What is not taken is counted in \`${primaryMetrics.publishedRefused.name}\`.
`;

const windowsNote = `## Names of windows_exporter

With \`metrics.compatibility: windows_exporter\` there are also the names of the IIS collector of windows_exporter, with its labels and
in its units, so that a dashboard made for IIS works with another data source. \`app\` is the pool; in the metrics of queues
\`site\` is the pool, as there. Left out is what Sluice has no figure for: caches, threads, logons, answers by status code of a
worker. There is no \`windows_iis_current_connections\` either: it has the label \`site\`, and a connection belongs to none, as its next request may be
for any site of the address. Nearest to it are \`${listenerMetrics.connections.name}\` (by listener and state) and \`${listenerMetrics.httpRequestsInFlight.name}\` (by pool).
Some names break the conventions of Prometheus, which \`promtool check metrics\` remarks on.
\`metrics.seriesMax\` bounds these names once more.
`;

export function metricsPage(): string {
  const all: readonly MetricDefinition[] = [...Object.values(listenerMetrics), ...Object.values(primaryMetrics)];
  const rest = new Set(all);
  const take = (prefix: RegExp): MetricDefinition[] => {
    const found = [...rest].filter(({ name }) => prefix.test(name));
    for (const one of found) rest.delete(one);
    return found;
  };
  const sections = [
    section('Requests and connections', take(/^sluice_(?:http|websockets|connections|tls|proxy|retries|queue)_?/)),
    section('Pools', take(/^sluice_(?:pool|applications|receipt)/)),
    section('Workers', take(/^sluice_worker_/)),
    section('Certificates', take(/^sluice_(?:certificate|acme)/)),
    section('Listeners', take(/^sluice_listener/)),
    section('Metrics of applications', take(/^sluice_published/)),
    publishedNote,
    section('Configuration and server', [...rest]),
    processNote,
    windowsNote,
    table(Object.values(windowsMetrics)),
  ];
  return `${[intro, ...sections].join('\n').trimEnd()}\n`;
}

function section(title: string, definitions: readonly MetricDefinition[]): string {
  return `## ${title}\n\n${table(definitions)}`;
}

function table(definitions: readonly MetricDefinition[]): string {
  return ['| Metric | Type | Labels | Meaning |', '| --- | --- | --- | --- |', ...definitions.map(row), ''].join('\n');
}

function row({ name, kind, labels, help, buckets }: MetricDefinition): string {
  const names = labels.map((label) => `\`${label}\``).join(', ');
  const bounds = buckets === undefined ? '' : ` Buckets: ${buckets.join(', ')} s.`;
  return `| \`${name}\` | ${kind} | ${names} | ${help}${bounds} |`;
}
