/** `npm run docs`: writes the generated pages and the JSON Schema; `--check` only tells whether they are current. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { configPages, stalePages, writePage } from '../../config/docs/pages.js';
import { metricsPage } from '../metrics/reference.js';
import { adminApiPage } from './admin-api.js';

// The verbs exist in the program only.
const cli = fileURLToPath(new URL('../cli/main.js', import.meta.url));
const pages = [
  ...configPages(),
  { file: 'docs/reference/metrics.md', text: metricsPage() },
  { file: 'docs/reference/admin-api.md', text: adminApiPage() },
  {
    file: 'docs/reference/cli.md',
    text: execFileSync(process.execPath, [cli, 'reference-page'], { encoding: 'utf8' }),
  },
];
const stale = await stalePages(pages);
if (process.argv.includes('--check')) {
  for (const { file } of stale) console.error(`stale: ${file}`);
  if (stale.length > 0) {
    console.error('the generated pages are stale: run npm run docs');
    process.exitCode = 1;
  }
} else {
  for (const page of stale) {
    await writePage(page);
    console.log(`wrote ${page.file}`);
  }
}
