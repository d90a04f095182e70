import { expect, test } from '@jest/globals';
import { causeInOutput } from '../../../pools/runtimes/output-cause.js';

test.each([
  [
    "node:internal/modules/cjs/loader:1210\n  throw err;\nError: Cannot find module 'express'\nRequire stack:\n- /srv/a/index.js",
    'module-missing',
    'the module express',
  ],
  [
    "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'koa' imported from /srv/a/index.mjs",
    'module-missing',
    'the module koa',
  ],
  ["Error: Cannot find module './lib/db'\nRequire stack:\n- /srv/a/index.js", 'module-missing', 'the file ./lib/db'],
  [
    "Error: Cannot find module '/srv/a/gone.js'\n  code: 'MODULE_NOT_FOUND',\n  requireStack: []",
    'entry-missing',
    'gone.js',
  ],
  [
    '/srv/a/index.js:3\nconst = 1;\n      ^\n\nSyntaxError: Unexpected token',
    'syntax-error',
    '/srv/a/index.js:3: SyntaxError: Unexpected token',
  ],
  ["ModuleNotFoundError: No module named 'flask'", 'module-missing', 'the module flask'],
  ['  File "app.py", line 3\n    def\n       ^\nSyntaxError: invalid syntax', 'syntax-error', 'File "app.py", line 3'],
  ["python3: can't open file '/srv/a/app.py': [Errno 2] No such file", 'entry-missing', '/srv/a/app.py'],
  ['TypeError [ERR_UNKNOWN_FILE_EXTENSION]: Unknown file extension ".ts" for /srv/a.ts', 'typescript-entry', '.ts'],
])('%#', (output, code, meaning) => {
  expect(causeInOutput(output)).toMatchObject({ code, meaning: expect.stringContaining(meaning) as unknown });
});

test('unknown and hostile words are nothing', () => {
  expect(causeInOutput('')).toBeNull();
  expect(causeInOutput('Error: no database here')).toBeNull();
  const long = causeInOutput(`Cannot find module '${'x'.repeat(30_000)}`);
  expect(long?.meaning.length).toBeLessThan(500);
});
