/** The generated pages about configuration and errors, and what writes pages or tells that they are stale. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorsPage } from './errors.js';
import { eventsPage } from './events.js';
import { jsonSchema, referencePage } from './reference.js';

export interface Page {
  /** Relative to the checkout. */
  readonly file: string;
  readonly text: string;
}

const root = fileURLToPath(new URL('../../..', import.meta.url));

export function configPages(): readonly Page[] {
  return [
    { file: 'docs/reference/configuration.md', text: referencePage() },
    { file: 'docs/reference/errors.md', text: errorsPage() },
    { file: 'docs/reference/events.md', text: eventsPage() },
    { file: 'config/docs/sluice.schema.json', text: jsonSchema() },
  ];
}

/** Those whose file says something else. */
export async function stalePages(pages: readonly Page[]): Promise<Page[]> {
  const stale: Page[] = [];
  for (const page of pages) {
    const before = await readFile(join(root, page.file), 'utf8').catch(() => '');
    if (before !== page.text) stale.push(page);
  }
  return stale;
}

export async function writePage({ file, text }: Page): Promise<void> {
  await mkdir(dirname(join(root, file)), { recursive: true });
  await writeFile(join(root, file), text);
}
