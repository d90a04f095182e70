import { isBuiltin } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import { at, type Import, importsOf, type SourceFile, sources } from './sources.js';

/** A folder (or file), and what of ours it may import: prefixes of paths. Longest match decides. */
const law: Readonly<Record<string, readonly string[]>> = {
  'config/base': ['config/base'],
  config: ['config'],
  'pools/protocol': ['pools/protocol', 'config/base', 'config/model.ts'],
  'pools/lifecycle': [
    'pools/lifecycle',
    'config/base',
    'config/model.ts',
    'pools/protocol',
    'pools/supervisor/ports.ts',
  ],
  'pools/link': ['pools/link', 'config/base'],
  'pools/integration': ['pools/integration'],
  'pools/runtimes': ['pools/runtimes', 'pools/protocol', 'pools/link', 'pools/integration', 'config'],
  'pools/runtimes/in-process/host': ['pools/runtimes/in-process/host', 'pools/link', 'pools/protocol', 'config/base'],
  'pools/supervisor': ['pools', 'config'],
  pools: ['pools', 'config'],
  'server/http1': ['server/http1', 'config/base'],
  'server/http2': ['server/http2', 'server/http1', 'config/base'],
  'server/route': ['server/route', 'config/base', 'config/model.ts', 'pools/protocol/snapshot.ts'],
  'server/proxy': [
    'server/proxy',
    'server/listener',
    'server/route',
    'server/http1',
    'server/http2',
    'server/metrics/cells.ts',
    'server/metrics/definitions.ts',
    'server/log/access-log.ts',
    'server/log/access-record.ts',
    'server/log/log-names.ts',
    'server/log/w3c.ts',
    'pools/link',
    'pools/protocol',
    'pools/integration',
    'config/base',
    'config/model.ts',
  ],
  'server/listener': [
    'server/listener',
    'server/proxy',
    'server/route',
    'server/http1',
    'server/http2',
    'server/metrics/cells.ts',
    'server/metrics/definitions.ts',
    'server/log/access-log.ts',
    'server/log/access-record.ts',
    'server/log/log-names.ts',
    'server/log/w3c.ts',
    'pools/link',
    'pools/protocol',
    'pools/integration',
    'config/base',
    'config/model.ts',
  ],
  'server/admin': [
    'server/admin',
    'server/metrics',
    'server/http1/ip-address.ts',
    'config',
    'pools/supervisor/ports.ts',
    'pools/protocol',
  ],
  // The dashboard runs in browsers: of the rest it knows types alone.
  'server/ui': ['server/ui', 'server/admin', 'pools/supervisor/ports.ts'],
  'server/cli': ['server', 'config', 'pools/supervisor/ports.ts'],
  'server/metrics': ['server/metrics', 'config', 'pools/protocol', 'pools/supervisor/ports.ts'],
  'server/log': ['server/log', 'config', 'pools/protocol', 'pools/runtimes/output-sinks.ts'],
  server: ['server', 'pools', 'config'],
  test: ['test', 'server', 'pools', 'config'],
};

/** Folders whose files are pure: no clock, no I/O. Their one exception is named. */
const pure: Readonly<Record<string, readonly string[]>> = {
  'config/base': [],
  'pools/lifecycle': [],
  'server/route': [],
  'server/http1': ['node:buffer'],
  'server/http2': ['node:buffer'],
};

/** Packages from npm that our folders may load; the in-process host and the listeners' path load none. */
const withoutPackages = [
  'config/base',
  'pools',
  'server/http1',
  'server/http2',
  'server/route',
  'server/proxy',
  'server/listener',
];

function ruleFor(path: string, keys: readonly string[]): string | null {
  const matching = keys.filter((key) => path === key || path.startsWith(`${key}/`));
  return matching.sort((a, b) => b.length - a.length)[0] ?? null;
}

function isAllowed(target: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => target === prefix || target.startsWith(`${prefix}/`));
}

function findings(check: (file: SourceFile, one: Import) => string | null): string[] {
  return sources().flatMap((file) =>
    importsOf(file).flatMap((one) => {
      const message = check(file, one);
      return message === null ? [] : [at(file.path, one.line, message)];
    }),
  );
}

describe('the law of imports: server -> pools -> config -> nothing', () => {
  test('each folder imports only what its rule names', () => {
    const broken = findings((file, one) => {
      const rule = ruleFor(file.path, Object.keys(law));
      if (one.target === null || rule === null || isAllowed(one.target, law[rule] ?? [])) return null;
      return `${rule} must not import ${one.target}`;
    });
    expect(broken).toEqual([]);
  });

  test('pure folders know no node modules', () => {
    const broken = findings((file, one) => {
      const rule = ruleFor(file.path, Object.keys(pure));
      if (rule === null || !isBuiltin(one.specifier) || pure[rule]?.includes(one.specifier)) return null;
      return `${rule} is pure: ${one.specifier} belongs in the shell that calls it`;
    });
    expect(broken).toEqual([]);
  });

  test('pools and the data path load no package from npm', () => {
    const broken = findings((file, one) => {
      const rule = ruleFor(file.path, withoutPackages);
      if (rule === null || one.target !== null || isBuiltin(one.specifier)) return null;
      return `${rule} must not load the package ${one.specifier}`;
    });
    expect(broken).toEqual([]);
  });

  test('what runs in browsers loads only itself', () => {
    const broken = findings((file, one) => {
      if (!file.path.startsWith('server/ui/') || one.typeOnly) return null;
      return one.target?.startsWith('server/ui/') === true ? null : `${one.specifier} is not there in a browser`;
    });
    expect(broken).toEqual([]);
  });

  test('entry files and the composition root are imported by nobody outside them', () => {
    const broken = findings((file, one) => {
      if (one.target === null || one.typeOnly || file.path.startsWith('test/')) return null;
      const isEntry = /(^|[/-])main\.ts$/.test(one.target);
      const intoRoot = one.target.startsWith('server/primary/') && !/^server\/(primary|cli)\//.test(file.path);
      return isEntry || intoRoot ? `${one.target} composes: it is started, not imported` : null;
    });
    expect(broken).toEqual([]);
  });
});
