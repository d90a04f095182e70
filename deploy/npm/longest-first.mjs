// The order of the test files: folders with the longest ones first, so that no single file runs on alone
// at the end. A fresh clone has no durations of earlier runs, which jest would otherwise go by.
const folders = ['/simulation/', '/fault/', '/integration/in-process/', '/integration/', '/hostile/'];

const rank = (test) => {
  const found = folders.findIndex((folder) => test.path.includes(folder));
  return found === -1 ? folders.length : found;
};

/** What jest asks of a sequencer. */
export default class LongestFirst {
  sort(tests) {
    return [...tests].sort((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : 1));
  }

  allFailedTests(tests) {
    return tests;
  }

  cacheResults() {
    // The order does not depend on earlier runs.
  }
}
