import type { Diagnostic } from '../../config/base/diagnostics.js';

/** The beginning of a YAML file can be a whole one: without this, a file that was cut would end every site. */
export const noSites =
  'the configuration has no sites, and the one that serves has some: was the file cut? To serve nothing, stop Sluice.';

export function noSitesProblem(file: string): Diagnostic {
  const place = { file, line: 0, column: 0, path: 'sites' };
  return { severity: 'error', code: 'no-sites', ...place, message: noSites, remedy: '' };
}
