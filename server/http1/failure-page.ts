/**
 * The page that a developer reads when an application does not start: what failed, after which steps, with which
 * last words, and what to do. It exists only for applications whose environment is Development. Every value on
 * it may be the tenant's: nothing gets into the markup unescaped.
 */
import { type PageFormat } from './accept.js';
import { htmlDocument, makePage, type Page, statusCode, statusTitle } from './error-page.js';

/** As the primary publishes it; named here because this folder knows no other. */
export interface FailureText {
  readonly code: string;
  readonly cause: string;
  readonly remedy: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly journey: readonly { readonly step: string; readonly durationMs: number; readonly outcome: string }[];
  readonly output: string;
}

export interface FailureHead {
  readonly status: number;
  readonly subStatus: number;
  /** Of a closed list, as in the access log. */
  readonly reason: string;
  readonly title: string;
}

export function failurePage(head: FailureHead, text: FailureText, format: PageFormat): Page {
  switch (format) {
    case 'html':
      return makePage(head.status, format, asHtml(head, text));
    case 'json':
      return makePage(head.status, format, asJson(head, text));
    case 'text':
      return makePage(head.status, format, asText(head, text));
  }
}

function headline({ status, subStatus, title }: FailureHead): string {
  return `HTTP Error ${statusCode(status, subStatus)} - ${title === '' ? statusTitle(status) : title}`;
}

const whyShown = 'Shown because the environment of this application is Development; elsewhere only the status is.';

function asHtml(head: FailureHead, text: FailureText): string {
  const title = escapeHtml(headline(head));
  const parts = [`<h1>${title}</h1>\n<p><strong>${escapeHtml(text.cause)}</strong></p>\n`];
  if (text.remedy !== '') parts.push(`<h2>What to do</h2>\n<p>${escapeHtml(text.remedy)}</p>\n`);
  if (text.journey.length > 0) {
    const rows = text.journey.map(({ step, durationMs, outcome }) => cells([step, `${durationMs} ms`, outcome]));
    parts.push(`<h2>The start, step by step</h2>\n<table>\n${rows.join('')}</table>\n`);
  }
  if (text.output !== '') parts.push(`<h2>Last output</h2>\n<pre>${escapeHtml(text.output)}</pre>\n`);
  const facts = [['reason', head.reason] as const, ['code', text.code] as const, ...text.facts].filter(
    ([, value]) => value !== '',
  );
  parts.push(`<h2>Details</h2>\n<table>\n${facts.map(cells).join('')}</table>\n<p><small>${whyShown}</small></p>\n`);
  return htmlDocument(title, parts.join(''));
}

function cells(values: readonly string[]): string {
  return `<tr>${values.map((value) => `<td>${escapeHtml(value)}</td>`).join('')}</tr>\n`;
}

/** RFC 9457 with members of our own. */
function asJson(head: FailureHead, text: FailureText): string {
  const problem = {
    type: 'about:blank',
    title: head.title === '' ? statusTitle(head.status) : head.title,
    status: head.status,
    subStatus: head.subStatus,
    reason: head.reason,
    detail: text.cause,
    code: text.code,
    remedy: text.remedy,
    journey: text.journey,
    output: text.output === '' ? [] : text.output.split('\n'),
    facts: Object.fromEntries(text.facts),
  };
  return `${JSON.stringify(problem, null, 2)}\n`;
}

function asText(head: FailureHead, text: FailureText): string {
  const lines = [headline(head), '', text.cause];
  if (text.remedy !== '') lines.push('', `What to do: ${text.remedy}`);
  if (text.journey.length > 0) lines.push('', 'The start, step by step:');
  for (const { step, durationMs, outcome } of text.journey) lines.push(`  ${step}: ${durationMs} ms, ${outcome}`);
  if (text.output !== '') lines.push('', 'Last output:', ...text.output.split('\n').map((line) => `  ${line}`));
  lines.push(
    '',
    `reason: ${head.reason}`,
    `code: ${text.code}`,
    ...text.facts.map(([name, value]) => `${name}: ${value}`),
    '',
    whyShown,
  );
  return `${lines.join('\n')}\n`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** For element content and attribute values. Bounded input, only when a page is made. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (sign) => entities[sign] ?? '');
}
