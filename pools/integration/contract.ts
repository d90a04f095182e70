/**
 * The hosted-app contract: every environment variable, header and path that passes between Sluice and
 * a program it starts out-of-process. The names are those of the ASP.NET Core Module. This file has no
 * imports and belongs to the package for application authors.
 */
export const env = {
  port: 'ASPNETCORE_PORT',
  applPath: 'ASPNETCORE_APPL_PATH',
  token: 'ASPNETCORE_TOKEN',
  httpAuth: 'ASPNETCORE_IIS_HTTPAUTH',
  webSocketsSupported: 'ASPNETCORE_IIS_WEBSOCKETS_SUPPORTED',
  physicalPath: 'ASPNETCORE_IIS_PHYSICAL_PATH',
  ancmHttpsPort: 'ASPNETCORE_ANCM_HTTPS_PORT',
  hostingStartupAssemblies: 'ASPNETCORE_HOSTINGSTARTUPASSEMBLIES',
  iisVersion: 'ASPNETCORE_IIS_VERSION',
  appPoolId: 'ASPNETCORE_IIS_APP_POOL_ID',
  siteName: 'ASPNETCORE_IIS_SITE_NAME',
  siteId: 'ASPNETCORE_IIS_SITE_ID',
  appConfigPath: 'ASPNETCORE_IIS_APP_CONFIG_PATH',
  applicationId: 'ASPNETCORE_IIS_APPLICATION_ID',
  applicationVirtualPath: 'ASPNETCORE_IIS_APPLICATION_VIRTUAL_PATH',
  poolId: 'APP_POOL_ID',
  genericPort: 'PORT',
  httpPlatformPort: 'HTTP_PLATFORM_PORT',
} as const;

export const iisIntegrationAssembly = 'Microsoft.AspNetCore.Server.IISIntegration';

/** Request headers towards the worker; a client's own copies of all `ms-aspnetcore*` are deleted. */
export const header = {
  protectedPrefix: 'ms-aspnetcore',
  token: 'MS-ASPNETCORE-TOKEN',
  event: 'MS-ASPNETCORE-EVENT',
  clientCert: 'MS-ASPNETCORE-CLIENTCERT',
} as const;

/** Channel of node:diagnostics_channel on which an in-process application hands over its metrics. */
export const publishChannel = 'sluice:publish-metrics';

/** `POST <application path>/iisintegration` with the event header asks the app to stop; it answers 202. */
export const shutdownPath = '/iisintegration';
export const shutdownEvent = 'shutdown';
export const shutdownStatus = 202;
