/** Compiled configuration for tests that need no file: full defaults, changed where a test says so. */
import { noRates } from './routes.js';
import type {
  ApplicationConfig,
  CompiledConfig,
  FailureConfig,
  HostingConfig,
  PoolConfig,
  ProcessModelConfig,
  RecyclingConfig,
  SiteConfig,
} from '../../config/model.js';

export interface PoolChanges extends Partial<Omit<PoolConfig, 'processModel' | 'recycling' | 'failure'>> {
  readonly processModel?: Partial<ProcessModelConfig>;
  readonly recycling?: Partial<RecyclingConfig>;
  readonly failure?: Partial<FailureConfig>;
}

export function samplePool(name: string, changes: PoolChanges = {}): PoolConfig {
  const { processModel, recycling, failure, ...rest } = changes;
  return {
    name,
    autoStart: true,
    startMode: 'OnDemand',
    queueLength: 1_000,
    isolation: 'process',
    nodePath: null,
    affinity: 'none',
    environmentVariables: [],
    cpu: { limit: 0, action: 'NoAction', resetIntervalMs: 300_000, affinityMask: null },
    resources: {
      memoryMaxBytes: null,
      memoryHighBytes: null,
      cpuWeight: 100,
      pidsMax: 1_024,
      openFiles: null,
      processes: null,
      fileSizeBytes: null,
    },
    sandbox: { writablePaths: [], privateNetwork: false },
    nodePermissions: null,
    ...rest,
    processModel: {
      maxProcesses: 1,
      idleTimeoutMs: 0,
      idleTimeoutAction: 'Terminate',
      startupTimeLimitMs: 90_000,
      shutdownTimeLimitMs: 90_000,
      pingingEnabled: false,
      pingIntervalMs: 30_000,
      pingResponseTimeMs: 90_000,
      maxConcurrentRequests: 1_024,
      compileCache: false,
      spareHost: false,
      userName: null,
      logEventOnProcessModel: ['IdleTimeout'],
      ...processModel,
    },
    recycling: {
      disallowOverlappingRotation: false,
      disallowRotationOnConfigChange: false,
      rolling: false,
      restartFile: '',
      fileChange: [],
      periodicRestartTimeMs: 0,
      logEventOnRecycle: [],
      periodicRestartRequests: 0,
      periodicRestartMemoryBytes: 0,
      periodicRestartPrivateMemoryBytes: 0,
      periodicRestartScheduleMs: [],
      ...recycling,
    },
    failure: {
      rapidFailProtection: true,
      rapidFailProtectionIntervalMs: 300_000,
      rapidFailProtectionMaxCrashes: 5,
      rapidFailProbeMs: 300_000,
      hangDetectionMs: 10_000,
      orphanWorkerProcess: false,
      orphanAction: null,
      autoShutdown: null,
      ...failure,
    },
  };
}

export interface ApplicationChanges extends Partial<Omit<ApplicationConfig, 'hosting'>> {
  readonly hosting?: Partial<HostingConfig> | null;
}

export function sampleApplication(pool: string, path = '/', changes: ApplicationChanges = {}): ApplicationConfig {
  const { hosting, ...rest } = changes;
  return {
    id: `main${path}`,
    site: 'main',
    path,
    pool,
    physicalPath: `/srv${path}`,
    maxAllowedContentLength: 30_000_000,
    preloadPath: null,
    failure: null,
    ...rest,
    hosting: hosting === null ? null : sampleHosting(hosting),
  };
}

function sampleHosting(changes: Partial<HostingConfig> = {}): HostingConfig {
  const inProcess = changes.hostingModel !== 'OutOfProcess';
  return {
    hostingModel: 'InProcess',
    source: 'hosting',
    processPath: inProcess ? '' : '/usr/bin/program',
    arguments: [],
    nodeOptions: [],
    entry: inProcess ? '/srv/app.js' : '',
    isDotnet: false,
    environmentVariables: [],
    processesPerApplication: 1,
    socket: 'tcp',
    protocol: 'http1',
    startAttempts: 2,
    startupTimeLimitMs: 120_000,
    shutdownTimeLimitMs: 10_000,
    requestTimeoutMs: 0,
    rapidFailsPerMinute: 10,
    stdoutLogEnabled: false,
    stdoutLogFile: '',
    disableStartUpErrorPage: false,
    recycleOnFileChange: [],
    restartFile: null,
    forwardedPort: 'auto',
    forwardedFor: 'replace',
    webSocket: true,
    handlerSettings: {
      forwardResponseConnectionHeader: false,
      enableOutOfProcessConsoleRedirection: true,
      disallowRotationOnConfigChange: false,
    },
    healthCheck: null,
    port: 0,
    ...changes,
  };
}

const site: SiteConfig = {
  id: 1,
  name: 'main',
  bindings: [{ protocol: 'http', address: '*', port: 8080, host: '', proxyProtocol: [], h2c: false, tls: null }],
  limits: { ...noRates, connectionTimeoutMs: 120_000, maxConnections: 10_000, maxConnectionsPerAddress: 0 },
  strictTransportSecurity: '',
  redirectPort: 0,
  logFile: 'central',
  tracing: null,
};

export function sampleConfig(
  pools: readonly PoolConfig[],
  applications: readonly ApplicationConfig[],
  startConcurrency = 4,
): CompiledConfig {
  return {
    version: 'test',
    file: '/srv/sluice.yaml',
    sources: [],
    applicationSources: [],
    server: {
      listeners: 1,
      runDir: '/run',
      stateDir: '/state',
      logDir: '/log',
      admin: { listen: null, socket: '/run/admin.sock', hosts: [], tls: null, tokens: [], metricsTokenHash: '' },
      identityRange: { first: 50_000, last: 59_999 },
      trustedProxies: [],
      underscoresInHeaders: 'pass',
      accessLog: { format: 'json', fields: [], period: 'MaxSize', truncateBytes: 100, localTimeRollover: false },
      logBudgetBytes: 0,
      metrics: { compatibility: 'none', statusCodes: 'class', seriesMax: 200_000, publishedSeries: 500 },
      telemetry: { traceContext: 'pass', serviceName: 'sluice', samplingRatio: 1, otlp: null },
      webLimits: {
        headerWaitTimeoutMs: 30_000,
        minBytesPerSecond: 240,
        maxHandshakesPerSecond: 0,
        maxConnectionsPerAddress: 0,
      },
      shutdownTimeLimitMs: 30_000,
      drainDelayMs: 0,
      startConcurrency,
      memoryBudgetBytes: 0,
      acme: null,
      watch: false,
    },
    pools,
    sites: [site],
    applications,
    warnings: [],
  };
}
