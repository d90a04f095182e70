/** What listeners may show of a failed start: nothing, no page at all, or everything to a developer. */
import { escapeControls, shorten } from '../../config/base/diagnostics.js';
import { failurePageOutputCharsMax, failurePageVariablesMax, workerNoteCharsMax } from '../../config/base/limits.js';
import type { HostingConfig } from '../../config/model.js';
import type { ApplicationFailure } from '../lifecycle/application-states.js';
import type { FailureDetail, FailureStep, StoredFailure } from '../protocol/snapshot.js';
import type { JourneyStep, StartFailure } from '../runtimes/runtime.js';
import type { HostBook } from './books.js';
import { isDevelopment } from './development.js';

/** Reasons that follow from failed starts; the others are about the pool or the configuration. */
const aboutStarts: ReadonlySet<ApplicationFailure['reason']> = new Set(['StartFailed', 'RapidFail', 'AppOffline']);

export function pageOf(host: HostBook, reason: ApplicationFailure['reason']): StoredFailure['page'] {
  const { hosting } = host.config;
  if (hosting === null || !aboutStarts.has(reason)) return undefined;
  if (hosting.disableStartUpErrorPage && reason !== 'AppOffline') return 'none';
  const variables = [...host.pool.config.environmentVariables, ...hosting.environmentVariables];
  if (host.lastFailure === null || !isDevelopment(variables)) return undefined;
  return detailOf(host, hosting, host.lastFailure.report);
}

/** The start journey as it is shown: names, whole milliseconds, what failed. */
export function stepsOf({ journey }: { readonly journey: readonly JourneyStep[] }): readonly FailureStep[] {
  return journey.map(({ step, durationMs, outcome }) => ({ step, durationMs: Math.round(durationMs), outcome }));
}

function detailOf(host: HostBook, hosting: HostingConfig, report: StartFailure): FailureDetail {
  const { config, pool } = host;
  return {
    code: report.code,
    cause: plain(report.cause),
    remedy: plain(report.remedy),
    facts: [
      ['application', config.id],
      ['application pool', pool.name],
      ['hosting model', hosting.hostingModel],
      ['folder', plain(config.physicalPath)],
      ['command', plain(commandOf(host, hosting))],
      ['attempts', String(report.attempts)],
      ['environment variables (names)', plain(variableNames(host, hosting))],
    ],
    journey: stepsOf(report),
    output: report.outputTail.slice(-failurePageOutputCharsMax),
  };
}

function commandOf({ pool }: HostBook, hosting: HostingConfig): string {
  if (hosting.hostingModel === 'OutOfProcess') return [hosting.processPath, ...hosting.arguments].join(' ');
  return [pool.config.nodePath ?? 'node', ...hosting.nodeOptions, hosting.entry, ...hosting.arguments].join(' ');
}

/** Values may be secrets, also in development. */
function variableNames({ pool }: HostBook, hosting: HostingConfig): string {
  const names = new Set([...pool.config.environmentVariables, ...hosting.environmentVariables].map(({ name }) => name));
  const shown = [...names].slice(0, failurePageVariablesMax);
  return shown.join(', ') + (names.size > shown.length ? ` and ${names.size - shown.length} more` : '');
}

function plain(text: string): string {
  return escapeControls(shorten(text, workerNoteCharsMax));
}
