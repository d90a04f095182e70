import { describe, expect, test } from '@jest/globals';
import { oneApplication, withFiles } from './support.js';

async function warned(text: string): Promise<string[]> {
  let found: string[] = [];
  await withFiles(async (files) => {
    files.write('app/server.js').write('sluice.yaml', text.includes('sites:') ? text : `${text}\n${oneApplication()}`);
    const { config, diagnostics } = await files.load();
    expect(config).not.toBeNull();
    found = diagnostics.map((one) => `${one.line}:${one.column} ${one.code} ${one.message}`);
  });
  return found;
}

describe('one warning for each setting, at its first place', () => {
  test('that does not act yet', async () => {
    expect(
      await warned(
        'webLimits: { maxGlobalBandwidth: 1000 }\napplicationPools:\n  - { name: a, failure: { loadBalancerCapabilities: TcpLevel } }\n  - { name: b, failure: { loadBalancerCapabilities: TcpLevel } }',
      ),
    ).toEqual([
      '1:14 setting-not-acting webLimits.maxGlobalBandwidth does not act yet in this version',
      '3:27 setting-not-acting applicationPools.failure.loadBalancerCapabilities does not act yet in this version (set in 2 places)',
    ]);
  });

  test('that means nothing here', async () => {
    expect(
      await warned(
        'applicationPools: [{ name: a, managedRuntimeVersion: v4.0, processModel: { password: "secret!" } }]',
      ),
    ).toEqual([
      '1:31 setting-not-here applicationPools.managedRuntimeVersion has no effect on Linux',
      '1:76 setting-not-here applicationPools.processModel.password has no effect on Linux',
    ]);
  });

  test('inside hosting', async () => {
    const lines = 'hosting: { forwardWindowsAuthToken: false }';
    expect((await warned(oneApplication(lines))).map((text) => text.split(' ')[2])).toEqual([
      'sites.applications.hosting.forwardWindowsAuthToken',
    ]);
  });
});

test('a value that equals the default acts as written', async () => {
  const text =
    'applicationPools: [{ name: a, managedRuntimeVersion: "", managedPipelineMode: Integrated, affinity: none, cpu: { limit: 0 }, recycling: { periodicRestart: { memory: 0, schedule: [] } } }]';
  expect(await warned(text)).toEqual([]);
  expect(await warned(oneApplication('hosting: { protocol: http1 }'))).toEqual([]);
});

test('every setting of an IIS pool is accepted', async () => {
  const text = `applicationPools:
  - name: a
    enable32BitAppOnWin64: true
    managedRuntimeLoader: x.dll
    CLRConfigFile: c.config
    passAnonymousToken: false
    processModel: { identityType: NetworkService, loadUserProfile: false, setProfileEnvironment: false, logonType: LogonService, manualGroupMembership: true, idleTimeoutAction: Suspend, logEventOnProcessModel: None, requestQueueDelegatorIdentity: x }
    recycling: { logEventOnRecycle: Time, periodicRestart: { memory: 1, privateMemory: 1, schedule: ["03:00:00"] } }
    failure: { loadBalancerCapabilities: TcpLevel, orphanWorkerProcess: true, orphanActionExe: a, orphanActionParams: "%1%", autoShutdownExe: b, autoShutdownParams: c }
    cpu: { limit: 1, action: KillW3wp, resetInterval: "00:10:00", smpAffinitized: true, smpProcessorAffinityMask: 1, smpProcessorAffinityMask2: 1, processorGroup: 1, numaNodeAssignment: Windows Scheduling, numaNodeAffinityMode: Hard }
    resources: { memoryMax: 1GB, memoryHigh: 900MB, cpuWeight: 50, pidsMax: 10, openFiles: 100, processes: 10, fileSize: 1MB }
    sandbox: { writablePaths: [/tmp], privateNetwork: true }
memoryBudget: 4GB
`;
  expect((await warned(text)).length).toBeGreaterThan(10);
});
