/** `npm run docs`: writes the reference page and the JSON Schema; `--check` only tells whether they are current. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorsPage } from './errors.js';
import { jsonSchema, referencePage } from './reference.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const pages = [
  { file: 'docs/reference/configuration.md', text: referencePage() },
  { file: 'docs/reference/errors.md', text: errorsPage() },
  { file: 'config/docs/sluice.schema.json', text: jsonSchema() },
];

let stale = 0;
for (const { file, text } of pages) {
  const path = join(root, file);
  const before = await readFile(path, 'utf8').catch(() => '');
  if (before === text) continue;
  stale++;
  if (process.argv.includes('--check')) continue;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  console.log(`wrote ${file}`);
}
if (process.argv.includes('--check') && stale > 0) {
  console.error('the generated pages are stale: run npm run docs');
  process.exitCode = 1;
}
