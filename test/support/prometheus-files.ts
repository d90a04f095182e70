/** What is shipped for Prometheus and Grafana, as tests read it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { listenerMetrics, type MetricDefinition } from '../../server/metrics/definitions.js';
import { primaryMetrics } from '../../server/metrics/primary-definitions.js';
import { repository } from './paths.js';

export const prometheusFolder = join(repository, 'deploy', 'prometheus');
const dashboardFolder = join(repository, 'deploy', 'grafana', 'dashboards');

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
}

export interface Panel {
  readonly id: number;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
}

export interface Dashboard {
  readonly name: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
}

export interface Expression {
  readonly at: string;
  readonly expr: string;
}

function rulesOf(file: string): Rule[] {
  const read = parse(readFileSync(join(prometheusFolder, file), 'utf8')) as { groups: { rules: Rule[] }[] };
  return read.groups.flatMap(({ rules }) => rules);
}

export function dashboards(): Dashboard[] {
  return readdirSync(dashboardFolder).map((name) => ({
    ...(JSON.parse(readFileSync(join(dashboardFolder, name), 'utf8')) as Omit<Dashboard, 'name'>),
    name,
  }));
}

export function recordedNames(): string[] {
  return rulesOf('recording.yml').flatMap(({ record }) => (record === undefined ? [] : [record]));
}

/** Of Sluice itself, with those that a histogram has, and the few of others. */
export function knownNames(): string[] {
  const all: readonly MetricDefinition[] = [...Object.values(listenerMetrics), ...Object.values(primaryMetrics)];
  const own = all.flatMap(({ name, kind }) =>
    kind === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => `${name}${suffix}`) : [name],
  );
  const others = ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_eventloop_lag_p99_seconds'];
  return [...own, ...others, 'up'];
}

/** Queries of rules, panels and annotations; Grafana's variables stand in for everything. */
export function everyExpression(): Expression[] {
  const rules = ['recording.yml', 'alerts.yml'].flatMap((file) =>
    rulesOf(file).map(({ record, alert, expr }) => ({ at: `${file} ${record ?? alert}`, expr })),
  );
  const queries = dashboards().flatMap(({ name, panels, annotations }) => [
    ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ at: `${name} ${title}`, expr }))),
    ...annotations.list.map(({ expr }) => ({ at: `${name} annotation`, expr })),
  ]);
  const plain = (expr: string): string =>
    expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$(?:instance|pool)/g, '.*');
  return [...rules, ...queries.map(({ at, expr }) => ({ at, expr: plain(expr) }))];
}

/** Names of metrics in a query: words that are no label, no function, no number and no text. */
export function namesIn(expr: string): string[] {
  const bare = expr
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/\b(?:by|without|on|ignoring)\s*\([^)]*\)/g, '');
  const words = bare.match(/[a-zA-Z_][a-zA-Z0-9_:]*(?!\s*\(|[a-zA-Z0-9_:])/g) ?? [];
  return words.filter((word) => !['and', 'or', 'unless', 'sum', 'min', 'max', 'avg'].includes(word));
}
