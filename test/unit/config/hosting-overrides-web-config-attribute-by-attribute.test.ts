import { describe, expect, test } from '@jest/globals';
import { good, loadWebConfig, onlyApplication, onlyHosting, places, webConfig, withFiles } from './support.js';

const aspNetCore = (attributes: string, inside = ''): string =>
  webConfig(`<aspNetCore ${attributes}>${inside}</aspNetCore>`);

test('every attribute of aspNetCore is read', async () => {
  await withFiles(async (files) => {
    const text = aspNetCore(
      'processPath=".\\run" arguments="a &quot;b c&quot;" hostingModel="outofprocess" processesPerApplication="3" startupTimeLimit="60" shutdownTimeLimit="5" requestTimeout="00:05:00" rapidFailsPerMinute="0" stdoutLogEnabled="TRUE" stdoutLogFile=".\\logs\\stdout" disableStartUpErrorPage="true" forwardWindowsAuthToken="true"',
      '<environmentVariables><environmentVariable name="A" value="1"/><environmentVariable name="A" value="2"/><environmentVariable name="B" value=""/></environmentVariables>',
    );
    files.write('app/run');
    expect(onlyHosting(await loadWebConfig(files, text))).toEqual({
      hostingModel: 'OutOfProcess',
      source: 'web.config',
      processPath: files.path('app/run'),
      arguments: ['a', 'b c'],
      nodeOptions: [],
      entry: '',
      isDotnet: false,
      environmentVariables: [
        { name: 'A', value: '2' },
        { name: 'B', value: '' },
      ],
      processesPerApplication: 3,
      startupTimeLimitMs: 60_000,
      shutdownTimeLimitMs: 5_000,
      requestTimeoutMs: 300_000,
      rapidFailsPerMinute: 0,
      stdoutLogEnabled: true,
      stdoutLogFile: files.path('app/logs/stdout'),
      disableStartUpErrorPage: true,
      socket: 'tcp',
      protocol: 'http1',
      startAttempts: 2,
      webSocket: true,
      handlerSettings: {
        forwardResponseConnectionHeader: false,
        enableOutOfProcessConsoleRedirection: true,
        disallowRotationOnConfigChange: false,
      },
      recycleOnFileChange: [],
      restartFile: { path: files.path('app/tmp/restart.txt'), stamp: '' },
      forwardedPort: 'auto',
      forwardedFor: 'replace',
      healthCheck: null,
      port: 0,
    });
  });
});

test('YAML wins where it says something, variables are joined by name', async () => {
  await withFiles(async (files) => {
    const text = aspNetCore(
      'processPath="python3" arguments="old.py" startupTimeLimit="60" rapidFailsPerMinute="3"',
      '<environmentVariables><environmentVariable name="A" value="1"/><environmentVariable name="B" value="1"/></environmentVariables>',
    );
    const hosting = onlyHosting(
      await loadWebConfig(
        files,
        text,
        'hosting: { arguments: new.py, startupTimeLimit: 30, environmentVariables: { B: 2, C: 3 } }',
      ),
    );
    expect(hosting).toMatchObject({
      source: 'hosting',
      processPath: 'python3',
      arguments: ['new.py'],
      startupTimeLimitMs: 30_000,
      rapidFailsPerMinute: 3,
    });
    expect(hosting.environmentVariables).toEqual([
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
      { name: 'C', value: '3' },
    ]);
  });
});

test('<clear/> drops the variables before it', async () => {
  await withFiles(async (files) => {
    const variables =
      '<environmentVariables><environmentVariable name="A" value="1"/><clear/><environmentVariable name="B" value="2"/></environmentVariables>';
    const hosting = onlyHosting(await loadWebConfig(files, aspNetCore('processPath="x"', variables)));
    expect(hosting.environmentVariables).toEqual([{ name: 'B', value: '2' }]);
  });
});

test('httpPlatform is hosted the same way, and aspNetCore goes before it', async () => {
  await withFiles(async (files) => {
    const platform =
      '<httpPlatform processPath="java" arguments="-jar app.jar --port=%HTTP_PLATFORM_PORT%" startupRetryCount="3"/>';
    const hosting = onlyHosting(await loadWebConfig(files, webConfig(platform)));
    expect(hosting).toMatchObject({
      processPath: 'java',
      arguments: ['-jar', 'app.jar', '--port=%HTTP_PLATFORM_PORT%'],
      startAttempts: 4,
    });
    expect(hosting.stdoutLogFile).toBe(files.path('app/httpplatform-stdout'));
    expect(
      onlyHosting(await loadWebConfig(files, webConfig(`${platform}<aspNetCore processPath="x"/>`))).processPath,
    ).toBe('x');
  });
});

describe('what is wrong with the element is 500.19 with the place of the attribute', () => {
  test.each([
    ['procesPath="y"', 'procesPath is not an attribute of aspNetCore'],
    ['startupTimeLimit="4000"', 'startupTimeLimit: "4000" is not a whole number from 0 to 3600'],
    ['startupTimeLimit="soon"', 'startupTimeLimit: "soon" is not a whole number from 0 to 3600'],
    ['shutdownTimeLimit="601"', 'shutdownTimeLimit: "601" is not a whole number from 0 to 600'],
    ['stdoutLogEnabled="1"', 'stdoutLogEnabled: "1" is neither true nor false'],
    ['processesPerApplication="0"', 'processesPerApplication: "0" is not a whole number from 1 to 100'],
    ['rapidFailsPerMinute="-1"', 'rapidFailsPerMinute: "-1" is not a whole number from 0 to 100'],
    ['requestTimeout="60"', 'requestTimeout: "60" is not a time span (hh:mm:ss) from 00:00:00 to 15.00:00:00'],
  ])('%s', async (attribute, message) => {
    await withFiles(async (files) => {
      const { failure } = onlyApplication(await loadWebConfig(files, aspNetCore(`processPath="x" ${attribute}`)));
      expect(failure).toMatchObject({ status: 500, subStatus: 19, diagnostic: { line: 4, column: 29 } });
      expect(failure?.diagnostic.message).toBe(`main/ answers 500.19: ${message}`);
    });
  });

  test('a hosting model that is none is refused by the module itself: 500.0', async () => {
    await withFiles(async (files) => {
      const { failure } = onlyApplication(
        await loadWebConfig(files, aspNetCore('processPath="x" hostingModel="both"')),
      );
      expect(failure).toMatchObject({ status: 500, subStatus: 0, diagnostic: { line: 4, column: 29 } });
    });
  });

  test.each([
    '<environmentVariables><environmentVariable value="1"/></environmentVariables>',
    '<environmentVariables><environmentVariable name="A"/></environmentVariables>',
    '<environmentVariables><environmentVariable name="A=B" value="1"/></environmentVariables>',
    '<environmentVariables><remove name="A"/></environmentVariables>',
    '<handlerSettings><setting/></handlerSettings>',
    '<handlerSettings><handlerSetting name="forwardResponseConnectionHeader" value="yes"/></handlerSettings>',
    '<something/>',
  ])('%s', async (inside) => {
    await withFiles(async (files) => {
      expect(
        onlyApplication(await loadWebConfig(files, aspNetCore('processPath="x"', inside))).failure?.subStatus,
      ).toBe(19);
    });
  });

  test('a body limit that is no number', async () => {
    for (const value of ['-1', 'x', '4294967296', '']) {
      const limits = `<security><requestFiltering><requestLimits maxAllowedContentLength="${value}"/></requestFiltering></security>`;
      await withFiles(async (files) => {
        expect(onlyApplication(await loadWebConfig(files, webConfig(limits))).failure?.subStatus).toBe(19);
      });
    }
  });
});

test('InProcess with another program than node is the failure of that application', async () => {
  await withFiles(async (files) => {
    const result = await loadWebConfig(files, aspNetCore('processPath="python3" hostingModel="InProcess"'));
    expect(good(result).applications[0]?.failure).toMatchObject({
      status: 500,
      subStatus: 0,
      diagnostic: { line: 4, column: 35 },
    });
  });
});

test('handlerSettings that mean nothing here are mentioned once', async () => {
  await withFiles(async (files) => {
    const inside = '<handlerSettings>\n<clear/><handlerSetting name="debugFile" value="x"/></handlerSettings>';
    expect(places((await loadWebConfig(files, aspNetCore('processPath="x"', inside))).diagnostics)).toEqual([
      '4:29 section-not-acting',
    ]);
  });
});

test('location "." and no path are this application; another path is not', async () => {
  const at = (path: string): string =>
    `<configuration><location${path}><system.webServer><aspNetCore processPath="x"/></system.webServer></location></configuration>`;
  for (const path of ['', ' path="."', ' path=""', ' path="." inheritInChildApplications="false"']) {
    await withFiles(async (files) => expect(onlyHosting(await loadWebConfig(files, at(path))).processPath).toBe('x'));
  }
  await withFiles(async (files) => {
    const result = await loadWebConfig(files, at(' path="api"'));
    expect(onlyHosting(result).source).toBe('detection');
    expect(result.diagnostics.map((one) => one.code)).toEqual(['section-not-acting']);
  });
});

test('a web.config without aspNetCore, or of nothing but a comment, leads to detection', async () => {
  for (const text of [
    '<!-- <configuration/> -->',
    '\ufeff<?xml version="1.0" encoding="utf-8"?>\n<!-- a -->\n<!-- b -->\n',
    '<configuration/>',
    webConfig(''),
  ]) {
    await withFiles(async (files) => {
      const result = await loadWebConfig(files, text);
      expect(onlyHosting(result)).toMatchObject({
        source: 'detection',
        hostingModel: 'InProcess',
        entry: files.path('app/server.js'),
      });
      expect(result.diagnostics).toEqual([]);
    });
  }
});

test('enableConfigurationOverride false leaves web.config unread', async () => {
  await withFiles(async (files) => {
    files.write('app/web.config', '<broken').write('app/server.js');
    files.write(
      'sluice.yaml',
      `applicationPoolDefaults: { enableConfigurationOverride: false }\n${'sites: [{ name: a, bindings: [{ bindingInformation: "*:80:" }], applications: [{ path: /, physicalPath: ./app }] }]'}\n`,
    );
    const result = await files.load();
    expect(onlyHosting(result).source).toBe('detection');
    expect(result.diagnostics).toEqual([]);
  });
});

test('handlerSettings and webSocket act, by YAML too', async () => {
  await withFiles(async (files) => {
    const inside =
      '<handlerSettings><handlerSetting name="ForwardResponseConnectionHeader" value="True"/><handlerSetting name="enableOutOfProcessConsoleRedirection" value="false"/></handlerSettings>';
    const element = `<aspNetCore processPath="x">${inside}</aspNetCore><webSocket enabled="false"/>`;
    expect(onlyHosting(await loadWebConfig(files, webConfig(element)))).toMatchObject({
      webSocket: false,
      startAttempts: 2,
      handlerSettings: {
        forwardResponseConnectionHeader: true,
        enableOutOfProcessConsoleRedirection: false,
        disallowRotationOnConfigChange: false,
      },
    });
    const yaml = 'hosting: { webSocket: true, handlerSettings: { enableOutOfProcessConsoleRedirection: true } }';
    expect(onlyHosting(await loadWebConfig(files, webConfig(element), yaml))).toMatchObject({
      webSocket: true,
      handlerSettings: { forwardResponseConnectionHeader: true, enableOutOfProcessConsoleRedirection: true },
    });
    const wrong = '<aspNetCore processPath="x"/><webSocket enabled="2"/>';
    expect(onlyApplication(await loadWebConfig(files, webConfig(wrong))).failure?.subStatus).toBe(19);
  });
});
