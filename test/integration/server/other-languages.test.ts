import { describe, expect, test } from '@jest/globals';
import { findProgram, python3 } from '../../support/find-program.js';
import { testNeeding } from '../../support/needs.js';
import { app } from '../../support/paths.js';
import { withSluice } from '../../support/sluice.js';

describe('a Python program', () => {
  testNeeding('python3')('is started, gets requests with the client in X-Forwarded-For, and stops', async () => {
    const hosting = { hostingModel: 'OutOfProcess', processPath: python3, arguments: 'app.py' };
    await withSluice(
      {
        applicationPools: [{ name: 'python' }],
        applications: [{ path: '/py', applicationPool: 'python', physicalPath: app('python'), hosting }],
      },
      async (sluice) => {
        const seen = JSON.parse((await sluice.call('/py/some?thing=1')).text) as Record<string, unknown>;
        expect(seen).toMatchObject({ path: '/py/some?thing=1', base: '/py' });
        const headers = new Map(
          (seen['headers'] as [string, string][]).map(([name, value]) => [name.toLowerCase(), value]),
        );
        expect(headers.get('x-forwarded-for')).toMatch(/^127\.0\.0\.1(:\d+)?$/);
        expect(headers.get('x-forwarded-proto')).toBe('http');
        expect((await sluice.call('/py/chunked')).text).toBe('one two three');
        const body = 'x'.repeat(100_000);
        expect((await sluice.call('/py/echo', { method: 'POST', body })).text).toBe(body);
      },
    );
  });
});

describe('a shell script that never listens', () => {
  test('is reported as 502.5 within the start limit and does not hang the client', async () => {
    const hosting = {
      hostingModel: 'OutOfProcess',
      processPath: findProgram('sh') ?? '/bin/sh',
      arguments: '-c "echo I do not listen; exit 3"',
      startupTimeLimit: 10,
    };
    await withSluice(
      {
        applicationPools: [{ name: 'sh' }],
        applications: [{ path: '/', applicationPool: 'sh', physicalPath: app('plain'), hosting }],
      },
      async (sluice) => {
        expect((await sluice.call('/', { limitMs: 60_000 })).status).toBe(502);
        const pool = await sluice.pool('sh');
        expect(JSON.stringify(pool)).toContain('I do not listen');
      },
    );
  });
});
