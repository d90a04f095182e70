import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
/** Things that are fetched or compiled once and may be deleted at any time. */
export const cache = join(repository, '.cache');
