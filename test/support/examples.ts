/** What `npm start` serves, for tests and experiments that run it on a port and in a folder of their own. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, python3 } from './find-program.js';
import { repository } from './paths.js';

export interface Example {
  readonly path: string;
  readonly pool: string;
  /** Memory of programs that are not ours to judge: their own runtime grows as it likes. */
  readonly ours: boolean;
}

const everywhere: readonly Example[] = [
  { path: '/', pool: 'home', ours: true },
  { path: '/fastify/who', pool: 'fastify', ours: true },
  { path: '/fragile/', pool: 'fragile', ours: true },
  { path: '/blocking/', pool: 'blocking', ours: true },
  { path: '/node/', pool: 'node-program', ours: false },
];

/** The examples that can run on this machine, with a path that answers 200. */
export function examples(): readonly Example[] {
  const published = existsSync(join(repository, 'examples', 'aspnetcore', 'publish', 'web.config'));
  return [
    ...everywhere,
    ...(findProgram(python3) === null ? [] : [{ path: '/python/', pool: 'python', ours: false }]),
    ...(published ? [{ path: '/aspnetcore/', pool: 'aspnetcore', ours: false }] : []),
  ];
}

/** The examples' own file with this run's port, folders and absolute paths. */
export function exampleConfiguration(): string {
  return readFileSync(join(repository, 'examples', 'sluice.yaml'), 'utf8')
    .replace('*:8080:', '*:PORT:')
    .replace(
      /^admin:.*$/m,
      'admin: { listen: "127.0.0.1:ADMIN_PORT" }\nrunDir: FOLDER/run\nstateDir: FOLDER/state\nlogDir: FOLDER/log',
    )
    .replaceAll('physicalPath: ./', `physicalPath: ${join(repository, 'examples')}/`);
}
