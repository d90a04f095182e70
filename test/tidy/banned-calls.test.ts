import { expect, test } from '@jest/globals';
import { at, lineOf, sources } from './sources.js';

interface Ban {
  readonly name: string;
  readonly pattern: RegExp;
  readonly instead: string;
  /** Files that own the call. */
  readonly owners: RegExp;
}

const bans: readonly Ban[] = [
  {
    name: 'Date.now and new Date()',
    pattern: /\bDate\.now\(|\bnew Date\(\)/g,
    instead: 'durations: Clock.monotonicMs(); records for people: Clock.wallMs() (config/base/clock.ts)',
    owners: /(^|\/)[a-z-]*clock\.ts$/,
  },
  {
    name: 'timers',
    // The function, not a socket's or server's method of that name.
    pattern: /(?<!override |[.\w])(setTimeout|setInterval)\(/g,
    instead: 'Clock.setTimer, so that the timer has an owner and a test can move time',
    owners: /(^|\/)[a-z-]*clock\.ts$|^test\/support\/time\.ts$/,
  },
  {
    name: 'console',
    pattern: /\bconsole\.\w+\(/g,
    instead: 'the Logger that was passed in (config/base/logger.ts)',
    owners: /^server\/cli\/|^test\/(bench|acceptance|conformance)\/|^server\/docs\//,
  },
  {
    name: 'process.exit',
    pattern: /\bprocess\.exit\(/g,
    instead: 'a result that the entry file turns into an exit code',
    // The in-process host is its process's entry together with host-main.ts: without its primary it ends.
    // The package for hosted programs promises their end.
    owners: /(^|[/-])main\.ts$|^server\/cli\/|in-process\/host\/(?:host|spare)\.ts$|integration\/shutdown\.ts$/,
  },
  {
    name: 'text that becomes markup',
    pattern:
      /\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|setHTML\w*)\b/g,
    instead: 'h() of server/ui/dom/view.ts, which makes text nodes: every string of the dashboard may be a tenant’s',
    owners: /^$/,
  },
];

test.each(bans)('$name: only where it belongs', ({ pattern, instead, owners }) => {
  const found = sources()
    .filter((file) => !owners.test(file.path))
    .flatMap((file) =>
      [...file.code.matchAll(pattern)].map((match) =>
        at(file.path, lineOf(file.code, match.index), `${match[0]} - use ${instead}`),
      ),
    );
  expect(found).toEqual([]);
});

test('nothing escapes the type checker', () => {
  const found = sources().flatMap((file) =>
    [...file.text.matchAll(/@ts-(ignore|nocheck|expect-error)/g)]
      .filter(() => !file.path.startsWith('test/tidy/'))
      .map((match) => at(file.path, lineOf(file.text, match.index), match[0])),
  );
  expect(found).toEqual([]);
});
