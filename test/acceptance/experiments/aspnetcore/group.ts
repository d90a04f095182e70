/** Checks of real apps that share one started server: each is a test of jest and a row of the acceptance table. */
import { type Sluice, type SluiceOptions, withSluice } from '../../../support/sluice.js';
import { removeFolder, tempFolder } from '../../../support/temp-folder.js';
import { messageOf } from '../../../../config/base/errors.js';
import { type Experiment, type Outcome, type Row, violations } from '../../experiment.js';

export interface Finding {
  /** What was seen, in words. */
  readonly measured: string;
  /** Facts that should have held; empty = passed. */
  readonly broken: readonly string[];
}

export interface Check {
  readonly name: string;
  run(sluice: Sluice): Promise<Finding>;
}

export interface Group {
  readonly name: string;
  readonly promise: string;
  /** The server; `folder` is for changed copies of published apps and is removed afterwards. */
  server(folder: string): Promise<SluiceOptions>;
  readonly checks: readonly Check[];
}

/** A finding from facts by name. */
export function finding(measured: string, facts: Readonly<Record<string, boolean>>): Finding {
  return { measured, broken: violations(facts) };
}

export function experimentOf(group: Group): Experiment {
  return { name: `aspnetcore-${group.name}`, promise: group.promise, run: () => runGroup(group) };
}

async function runGroup(group: Group): Promise<Outcome> {
  const folder = tempFolder('net');
  const rows: Row[] = [];
  try {
    await withSluice(await group.server(folder), async (sluice) => {
      for (const check of group.checks) rows.push(await rowOf(check, sluice));
    });
  } finally {
    removeFolder(folder);
  }
  const failed = rows.filter((one) => one.broken.length > 0);
  return {
    measured: `${rows.length - failed.length} of ${rows.length} checks`,
    broken: failed.map((one) => one.name),
    missed: [],
    rows,
  };
}

async function rowOf(check: Check, sluice: Sluice): Promise<Row> {
  try {
    return { name: check.name, ...(await check.run(sluice)) };
  } catch (error) {
    return { name: check.name, measured: 'did not finish', broken: [messageOf(error).split('\n')[0] ?? ''] };
  }
}
