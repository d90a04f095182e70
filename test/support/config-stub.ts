import type { ConfigControl } from '../../server/admin/config-control.js';

const unused = (): Promise<never> => Promise.reject(new Error('this test has no configuration'));

/** For control planes of tests that are about something else. */
export const configStub: ConfigControl = {
  files: unused,
  file: unused,
  values: unused,
  explain: unused,
  validate: unused,
  diff: unused,
  apply: unused,
  history: unused,
  compare: unused,
  rollback: unused,
};
