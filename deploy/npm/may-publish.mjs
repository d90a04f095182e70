// Runs before `npm publish` of both packages, from CI only: what has to be right before something cannot be taken back.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './paths.mjs';

const read = (file) => readFileSync(join(repository, file), 'utf8');
const packages = ['package.json', 'pools/integration/package.json'].map((file) => ({
  file,
  ...JSON.parse(read(file)),
}));
const problems = [];
for (const { file, version, repository: place, publishConfig } of packages) {
  // Provenance ties the package to this address; the one in the checkout is a name that nobody can own (RFC 2606).
  if (new URL(place.url).hostname.endsWith('.example')) problems.push(`${file}: repository.url is still a placeholder`);
  if (publishConfig?.provenance !== true) problems.push(`${file}: publishConfig.provenance is not true`);
  if (version !== packages[0].version) problems.push(`${file}: version ${version} is not ${packages[0].version}`);
}
if (
  !new RegExp(`^## ${packages[0].version.replaceAll('.', '\\.')}(?! \\(unreleased\\))`, 'm').test(read('CHANGELOG.md'))
)
  problems.push(`CHANGELOG.md: ${packages[0].version} has no date`);
if (process.env.CI === undefined) problems.push('provenance needs CI: publish from there');
for (const problem of problems) console.error(`not published: ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;
