import { expect, test } from '@jest/globals';
import { good, oneApplication, withFiles } from './support.js';
import { noRates } from '../../support/routes.js';

test('a file with nothing but a site has every default', async () => {
  await withFiles(async (files) => {
    files.write('app/server.js').write('sluice.yaml', oneApplication());
    const config = good(await files.load());
    expect(config.server.webLimits).toEqual({
      headerWaitTimeoutMs: 30_000,
      minBytesPerSecond: 240,
      maxHandshakesPerSecond: 1_000,
      maxConnectionsPerAddress: 0,
    });
    expect(config.server.admin.listen).toEqual({ host: '127.0.0.1', port: 9900 });
    expect(config.server.admin.socket).toBe(`${config.server.runDir}/admin.sock`);
    expect(config.server).toMatchObject({
      underscoresInHeaders: 'pass',
      shutdownTimeLimitMs: 30_000,
      drainDelayMs: 0,
      watch: true,
      trustedProxies: [],
      identityRange: { first: 50_000, last: 59_999 },
    });
    expect(config.server.listeners).toBeGreaterThanOrEqual(1);
    expect(config.server.listeners).toBeLessThanOrEqual(4);
    expect(config.sites[0]?.limits).toEqual({
      connectionTimeoutMs: 120_000,
      maxConnections: 4_294_967_295,
      maxConnectionsPerAddress: 0,
      ...noRates,
    });
    expect(config.applications[0]).toMatchObject({
      id: 'main/',
      pool: 'DefaultAppPool',
      maxAllowedContentLength: 30_000_000,
      preloadPath: null,
    });
    expect(config.warnings).toEqual([]);
  });
});

test('a pool has the defaults of IIS', async () => {
  await withFiles(async (files) => {
    files.write('app/server.js').write('sluice.yaml', oneApplication());
    const [pool] = good(await files.load()).pools;
    expect(pool).toMatchObject({
      name: 'DefaultAppPool',
      autoStart: true,
      startMode: 'OnDemand',
      queueLength: 1000,
      isolation: 'process',
    });
    expect(pool?.processModel).toEqual({
      maxProcesses: 1,
      idleTimeoutMs: 1_200_000,
      idleTimeoutAction: 'Terminate',
      startupTimeLimitMs: 90_000,
      shutdownTimeLimitMs: 90_000,
      pingingEnabled: true,
      pingIntervalMs: 30_000,
      pingResponseTimeMs: 90_000,
      maxConcurrentRequests: 1_024,
      compileCache: true,
      spareHost: false,
      userName: null,
      logEventOnProcessModel: ['IdleTimeout'],
    });
    expect(pool?.recycling).toEqual({
      disallowOverlappingRotation: false,
      disallowRotationOnConfigChange: false,
      rolling: true,
      restartFile: 'tmp/restart.txt',
      fileChange: [],
      logEventOnRecycle: [
        'Time',
        'Requests',
        'Schedule',
        'Memory',
        'IsapiUnhealthy',
        'OnDemand',
        'ConfigChange',
        'PrivateMemory',
      ],
      periodicRestartTimeMs: 104_400_000,
      periodicRestartRequests: 0,
      periodicRestartMemoryBytes: 0,
      periodicRestartPrivateMemoryBytes: 0,
      periodicRestartScheduleMs: [],
    });
    expect(pool?.failure).toEqual({
      rapidFailProtection: true,
      rapidFailProtectionIntervalMs: 300_000,
      rapidFailProtectionMaxCrashes: 5,
      rapidFailProbeMs: 300_000,
      hangDetectionMs: 10_000,
      orphanWorkerProcess: false,
      orphanAction: null,
      autoShutdown: null,
    });
  });
});

test('root gets isolation user, and the command line goes before what a pool says', async () => {
  await withFiles(async (files) => {
    files
      .write('app/server.js')
      .write('sluice.yaml', `${oneApplication()}applicationPools: [{ name: b, isolation: process }]\n`);
    const result = await files.load({ uid: 0 });
    expect(good(result).pools.map((pool) => pool.isolation)).toEqual(['process', 'user']);
    const overridden = await files.load({ uid: 0, overrides: { isolation: 'process' } });
    expect(good(overridden).pools.map((pool) => pool.isolation)).toEqual(['process', 'process']);
  });
});

test('a pool entry goes before applicationPoolDefaults, and those before the defaults', async () => {
  await withFiles(async (files) => {
    files.write('app/server.js').write(
      'sluice.yaml',
      `applicationPoolDefaults: { queueLength: 17, processModel: { idleTimeout: "00:00:00", maxProcesses: 3 } }
applicationPools: [{ name: a, processModel: { maxProcesses: 2 } }, { name: b, queueLength: 19 }]
${oneApplication('applicationPool: a')}`,
    );
    const { pools } = good(await files.load());
    expect(
      pools.map((pool) => [
        pool.name,
        pool.queueLength,
        pool.processModel.maxProcesses,
        pool.processModel.idleTimeoutMs,
      ]),
    ).toEqual([
      ['a', 17, 2, 0],
      ['b', 19, 3, 0],
    ]);
  });
});

test('maxAllowedContentLength: application, web.config, site, siteDefaults, applicationDefaults', async () => {
  const limit = (n: number): string =>
    `security: { requestFiltering: { requestLimits: { maxAllowedContentLength: ${n} } } }`;
  const xml = `<configuration><system.webServer><security><requestFiltering><requestLimits maxAllowedContentLength="4"/></requestFiltering></security></system.webServer></configuration>`;
  await withFiles(async (files) => {
    files.write('app/server.js');
    const read = async (text: string): Promise<number | undefined> =>
      good(await files.write('sluice.yaml', text).load()).applications[0]?.maxAllowedContentLength;
    const inner = `applicationDefaults: { ${limit(1)} }\n`;
    expect(await read(inner + oneApplication())).toBe(1);
    expect(await read(`${inner}siteDefaults: { ${limit(2)} }\n${oneApplication()}`)).toBe(2);
    expect(
      await read(`${inner}${oneApplication().replace('    applications:', `    ${limit(3)}\n    applications:`)}`),
    ).toBe(3);
    files.write('app/web.config', xml);
    expect(await read(`${inner}siteDefaults: { ${limit(2)} }\n${oneApplication()}`)).toBe(4);
    expect(await read(oneApplication(limit(5)))).toBe(5);
  });
});

test('the result is frozen to its leaves', async () => {
  await withFiles(async (files) => {
    files.write('app/server.js').write('sluice.yaml', oneApplication());
    const open: string[] = [];
    const walk = (value: unknown, path: string): void => {
      if (typeof value !== 'object' || value === null) return;
      if (!Object.isFrozen(value)) open.push(path);
      for (const [key, inner] of Object.entries(value)) walk(inner, `${path}.${key}`);
    };
    walk(good(await files.load()), 'config');
    expect(open).toEqual([]);
  });
});
