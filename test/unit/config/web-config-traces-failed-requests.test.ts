import { describe, expect, test } from '@jest/globals';
import { statusRanges } from '../../../config/base/trace-codes.js';
import type { LoadResult } from '../../../config/compile/compile.js';
import { good, loadWebConfig, oneApplication, onlyApplication, places, webConfig, withFiles } from './support.js';

const tracing = (inside: string): string =>
  webConfig(`<tracing>\n<traceFailedRequests>\n${inside}\n</traceFailedRequests>\n</tracing>`);
const failing = (path: string, attributes: string): string =>
  `<add path="${path}"><failureDefinitions ${attributes}/></add>`;
const on500 = { codes: [[500_000, 500_999]], timeTakenMs: 0 };

/** Warnings of these files; those of the sample application are none. */
const said = ({ diagnostics }: LoadResult): string[] =>
  diagnostics.map(({ line, column, message }) => `${line}:${column} ${message}`);

test.each([
  ['500', [[500_000, 500_999]]],
  [
    '500.19,401,400-403.5',
    [
      [400_000, 403_005],
      [500_019, 500_019],
    ],
  ],
  ['401.3-999', [[401_003, 999_999]]],
  [
    ' 400-403 , 405-999 ',
    [
      [400_000, 403_999],
      [405_000, 999_999],
    ],
  ],
  [
    '404,403,402.0-402.9',
    [
      [402_000, 402_009],
      [403_000, 404_999],
    ],
  ],
  ['500-400', null],
  ['401.5-401.3', null],
  ['5xx', null],
  ['500,', null],
  ['', null],
])('the statuses %j', (written, ranges) => {
  expect(statusRanges(written)).toEqual(ranges);
});

test('what IIS Manager writes acts, and what cannot is named with its place', async () => {
  const text = tracing(
    [
      '<remove path="*" />',
      '<add path="*" customActionExe="cmd.exe">',
      '  <traceAreas>',
      '    <add provider="WWW Server" areas="Security,Module" verbosity="Verbose" />',
      '  </traceAreas>',
      '  <failureDefinitions timeTaken="00:00:05" statusCodes="500-599,404.3" verbosity="Warning" />',
      '</add>',
      '<add path="*.ASPX"><traceAreas/><failureDefinitions statusCodes="500"/></add>',
      '<add path="trace.axd"><failureDefinitions statusCodes="500" verbosity="Ignore" traceAllAfterTimeout="true"/></add>',
      '<add path="api/*"><failureDefinitions statusCodes="500"/></add>',
      '<add path="never"><failureDefinitions timeTaken="00:00:00"/></add>',
      '<add path="wrong"><failureDefinitions statusCodes="5xx" timeTaken="1.00:00:01"/></add>',
    ].join('\n'),
  );
  await withFiles(async (files) => {
    const result = await loadWebConfig(files, text);
    expect(onlyApplication(result).traceRules).toEqual([
      {
        path: '*',
        codes: [
          [404_003, 404_003],
          [500_000, 599_999],
        ],
        timeTakenMs: 5_000,
      },
      { path: '*.aspx', ...on500 },
      { path: '*/trace.axd', ...on500 },
      { path: '*/wrong', codes: [], timeTakenMs: 86_401_000 },
    ]);
    const warnings = said(result);
    for (const [at, word] of [
      ['7:15', 'customActionExe does not act'],
      ['8:3', 'traceAreas does not act'],
      ['11:72', 'verbosity of failureDefinitions does not act'],
      ['15:6', 'the rule for the path api/* does not act'],
      ['16:19', 'the rule for the path never does not act: it has neither'],
      ['17:39', 'statusCodes: "5xx" does not act'],
    ]) {
      expect(warnings).toContainEqual(expect.stringContaining(`${at} ${word}`));
    }
    expect(warnings).toHaveLength(6);
    expect(result.diagnostics.every(({ file }) => file === files.path('app/web.config'))).toBe(true);
  });
});

describe('answers 500.19 as IIS would', () => {
  test.each([
    ['a path twice', `${failing('*.aspx', 'statusCodes="500"')}\n${failing('*.ASPX', '')}`, '7:1', 'already'],
    ['no path', '<add><failureDefinitions/></add>', '6:1', 'needs a path'],
    ['another element', '<allow path="*"/>', '6:1', 'is not an element of traceFailedRequests'],
    ['another element inside', '<add path="*"><areas/></add>', '6:15', '<areas> is not an element'],
    ['another attribute', failing('*', 'StatusCodes="500"'), '6:35', 'StatusCodes is not an attribute'],
    ['no time span', failing('*', 'timeTaken="5"'), '6:35', 'timeTaken: "5" is not a time span'],
  ])('%s', async (_name, inside, place, message) => {
    await withFiles(async (files) => {
      const { failure, traceRules } = onlyApplication(await loadWebConfig(files, tracing(inside)));
      expect(failure).toMatchObject({ status: 500, subStatus: 19 });
      expect(`${failure?.diagnostic.line}:${failure?.diagnostic.column}`).toBe(place);
      expect(failure?.diagnostic.message).toContain(message);
      expect(traceRules).toBeUndefined();
    });
  });
});

test('files of applications around go first; clear and remove take their rules away; pools keep theirs', async () => {
  await withFiles(async (files) => {
    const paths = ['/', '/more', '/less', '/none', '/other'];
    files.write(
      'sluice.yaml',
      [
        'applicationPools: [{ name: a }, { name: b }]',
        'sites:',
        '  - name: main',
        '    bindings: [{ protocol: http, bindingInformation: "*:8080:" }]',
        '    applications:',
        ...paths.map((path) => {
          const pool = path === '/other' ? 'b' : 'a';
          return `      - { path: ${path}, applicationPool: ${pool}, physicalPath: ./app${path}, hosting: { hostingModel: OutOfProcess, processPath: node } }`;
        }),
        '',
      ].join('\n'),
    );
    files.write('app/web.config', tracing(failing('*', 'statusCodes="500"') + failing('a', 'statusCodes="500"')));
    files.write('app/more/web.config', tracing(failing('b', 'statusCodes="500"')));
    files.write('app/less/web.config', tracing('<remove path="A"/><remove path="unknown"/>'));
    files.write('app/none/web.config', tracing(`<clear/>${failing('*', 'timeTaken="00:01:00"')}`));
    files.write('app/other/index.js');
    const { applications } = good(await files.load());
    const rules = new Map(applications.map(({ path, traceRules = [] }) => [path, traceRules]));
    expect(rules.get('/')?.map(({ path }) => path)).toEqual(['*', '*/a']);
    expect(rules.get('/more')?.map(({ path }) => path)).toEqual(['*', '*/a', '*/b']);
    expect(rules.get('/less')?.map(({ path }) => path)).toEqual(['*']);
    expect(rules.get('/none')).toEqual([{ path: '*', codes: [], timeTakenMs: 60_000 }]);
    expect(rules.get('/other')).toEqual([]);
    files.write('app/more/web.config', tracing(failing('A', 'statusCodes="500"')));
    const again = good(await files.load()).applications.find(({ path }) => path === '/more');
    expect(again?.failure?.diagnostic.message).toContain(
      `there is a rule for the path A already (${files.path('app/web.config')}:6)`,
    );
  });
});

test('the administrator turns them off: for the site, or for the application', async () => {
  await withFiles(async (files) => {
    const rules = tracing(failing('*', 'statusCodes="500" verbosity="Error"'));
    files.write('app/web.config', rules).write('app/server.js');
    const switchedOff = '    traceFailedRequestsLogging: { enabled: false }\n    applications:';
    files.write('sluice.yaml', oneApplication().replace('    applications:', switchedOff));
    expect(onlyApplication(await files.load()).traceRules).toBeUndefined();
    for (const name of ['tracing', 'system.webServer/tracing/traceFailedRequests']) {
      const result = await loadWebConfig(files, rules, `hosting: { ignoreSections: [${name}] }`);
      expect(onlyApplication(result).traceRules).toBeUndefined();
      expect(said(result)).toEqual([]);
    }
  });
});

test('many rules, and long ones, are bounded', async () => {
  await withFiles(async (files) => {
    const many = Array.from({ length: 30 }, (_, n) => failing(`${n}.aspx`, 'statusCodes="500"'));
    const result = await loadWebConfig(
      files,
      tracing(
        [
          ...many,
          failing('x'.repeat(251), 'statusCodes="500"'),
          failing('y', `statusCodes="${'500,'.repeat(80)}500"`),
        ].join('\n'),
      ),
    );
    expect(onlyApplication(result).traceRules).toHaveLength(20);
    expect(places(result.diagnostics)).toEqual([
      '26:1 section-not-acting',
      '36:6 section-not-acting',
      '37:15 section-not-acting',
      '37:35 section-not-acting',
    ]);
  });
});
