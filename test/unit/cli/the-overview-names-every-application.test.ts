import { noRates } from '../../support/routes.js';
import { expect, test } from '@jest/globals';
import type { ApplicationConfig, BindingConfig, CompiledConfig } from '../../../config/model.js';
import type { ApplicationView, PoolView } from '../../../pools/supervisor/ports.js';
import { formatOverview } from '../../../server/cli/overview.js';
import { formatTable } from '../../../server/cli/table.js';

const binding = (address: string, port: number, host: string): BindingConfig => ({
  protocol: 'http',
  address,
  port,
  host,
  proxyProtocol: [],
  h2c: false,
  tls: null,
});

function application(id: string, path: string, more: Partial<ApplicationConfig> = {}): ApplicationConfig {
  return {
    id,
    site: id.split('/')[0] ?? '',
    path,
    pool: 'shop',
    physicalPath: '/srv',
    maxAllowedContentLength: 1,
    preloadPath: null,
    hosting: null,
    failure: null,
    ...more,
  };
}

/** Only what the overview reads. */
function config(bindings: readonly BindingConfig[], applications: readonly ApplicationConfig[]): CompiledConfig {
  return {
    sites: [
      {
        id: 1,
        name: 'main',
        bindings,
        limits: { ...noRates, connectionTimeoutMs: 1, maxConnections: 1, maxConnectionsPerAddress: 0 },
      },
    ],
    applications,
    pools: [{ name: 'shop', isolation: 'user' }],
    server: { admin: { listen: { host: '::1', port: 9900 }, socket: '/run/admin.sock' }, logDir: '/var/log/x' },
  } as unknown as CompiledConfig;
}

function pool(...applications: readonly Partial<ApplicationView>[]): PoolView {
  const views = applications.map((one) => ({ id: '', site: 'main', path: '/', hostingModel: '', problem: '', ...one }));
  return { name: 'shop', applications: views } as unknown as PoolView;
}

test.each([
  [binding('*', 8080, ''), 'http://localhost:8080/'],
  [binding('*', 80, 'shop.test'), 'http://shop.test/'],
  [binding('127.0.0.1', 81, ''), 'http://127.0.0.1:81/'],
  [binding('::1', 81, ''), 'http://[::1]:81/'],
])('binding %j is reached at %s', (one, url) => {
  expect(formatOverview(config([one], [application('main/', '/')]), [], new Map())).toContain(`${url} `);
});

test('states are said in words', () => {
  const failure = {
    status: 500,
    subStatus: 19,
    diagnostic: { message: 'web.config is\nbroken' },
  } as unknown as ApplicationConfig['failure'];
  const text = formatOverview(
    config(
      [binding('*', 80, '')],
      [
        application('main/', '/'),
        application('main/a', '/a'),
        application('main/b', '/b', { failure }),
        application('main/c', '/c'),
        application('main/d', '/d'),
      ],
    ),
    [
      pool(
        { id: 'main/', state: 'ready' },
        { id: 'main/a', state: 'idle' },
        { id: 'main/c', state: 'failed', problem: 'exited with 3' },
      ),
    ],
    new Map([['main/d', 'needs dotnet']]),
  );
  const states = text.split('\n').filter((line) => line.startsWith('main'));
  expect(states.map((line) => line.split('  ').at(-1)?.trim())).toEqual([
    'ready',
    'starts on first request',
    'error 500.19: web.config is\\x0abroken',
    'failed: exited with 3',
    'needs dotnet',
  ]);
  expect(text).toContain('http://[::1]:9900/metrics');
});

test('columns are as wide as their widest cell', () => {
  expect(
    formatTable(
      ['A', 'B'],
      [
        ['long', 'x'],
        ['y', ''],
      ],
    ),
  ).toBe('A     B\n----  -\nlong  x\ny');
});
