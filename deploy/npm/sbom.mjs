// `npm run sbom [-- FILE]`: the software bill of materials (CycloneDX, JSON) of what an installation gets: the package and its
// production dependencies by the lock file, each with version, licence and hash. `npm pack` puts it into the package.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repository } from './paths.mjs';

const file = process.argv[2] ?? join(repository, 'dist', 'sbom.cdx.json');
// Not with `--omit dev`: npm then leaves out what a development dependency needs as well.
const told = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], {
  cwd: repository,
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
  maxBuffer: 64 * 1024 * 1024,
});
const bill = JSON.parse(told);
const { name } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
// npm calls the package after the folder of the checkout, and counts packages of this repository among its dependencies.
Object.assign(bill.metadata.component, { name, type: 'application' });
const isLeft = ({ purl, properties = [] }) =>
  purl.includes('/integration@') || properties.some((one) => one.name === 'cdx:npm:package:development');
bill.components = bill.components.filter((one) => !isLeft(one));
const kept = new Set([bill.metadata.component, ...bill.components].map((one) => one['bom-ref']));
bill.dependencies = bill.dependencies
  .filter(({ ref }) => kept.has(ref))
  .map((one) => ({ ...one, dependsOn: one.dependsOn.filter((ref) => kept.has(ref)) }));
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, `${JSON.stringify(bill, null, 2)}\n`);
