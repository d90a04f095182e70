/** Subjects whose packages come from `.cache`: see `more-frameworks.ts`. */
import { join } from 'node:path';
import { installedFolder } from '../more-frameworks.js';
import { graphqlBehaviour } from './graphql.js';
import { httpBehaviour } from './http.js';
import { middlewareBehaviour } from './middleware.js';
import { nextBehaviour } from './next.js';
import { openTelemetryBehaviour } from './opentelemetry.js';
import type { Subject } from './suite.js';

/** By name, so that tests can be listed where nothing is installed. */
const behaviours: Readonly<Record<string, Subject['behaviour']>> = {
  express4: httpBehaviour,
  hono: httpBehaviour,
  hapi: httpBehaviour,
  nest: httpBehaviour,
  middleware: middlewareBehaviour,
  yoga: graphqlBehaviour,
  'traced-by-require': openTelemetryBehaviour,
  'traced-by-import': openTelemetryBehaviour,
};

/** Subjects that are the same app under other options of node. */
const traced: Readonly<Record<string, Pick<Subject, 'nodeOptions'>>> = {
  'traced-by-require': { nodeOptions: '--require ./tracing.js' },
  'traced-by-import': { nodeOptions: '--import ./tracing.mjs' },
};

/** Out-of-process the app's client is the listener: there its spans are others than alone. */
export function isTraced(subject: Subject): boolean {
  return subject.name in traced;
}

export const moreNames = Object.keys(behaviours);

/** `root` is what `appsWithPackages` made. */
export function moreSubjects(root: string): readonly Subject[] {
  return Object.entries(behaviours).map(([name, behaviour]) => ({
    name,
    behaviour,
    entry: 'app.js',
    folder: join(root, name in traced ? 'opentelemetry' : name),
    ...traced[name],
  }));
}

/** A build of Next.js with `output: 'standalone'`. */
export function nextSubject(): Subject {
  const folder = join(installedFolder('next-app'), '.next', 'standalone');
  return { name: 'next', folder, entry: 'server.js', behaviour: nextBehaviour };
}
