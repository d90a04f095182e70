import { expect, test } from '@jest/globals';
import { withFiles } from './support.js';

const json = JSON.stringify({
  applicationPools: [{ name: 'a', processModel: { maxProcesses: 2 } }],
  sites: [
    {
      name: 'main',
      bindings: [{ protocol: 'http', bindingInformation: '*:8080:' }],
      applications: [{ path: '/', applicationPool: 'a', physicalPath: './app' }],
    },
  ],
});

test('no beginning of a JSON file is a configuration', async () => {
  await withFiles(async (files) => {
    files.write('app/server.js');
    for (let length = 0; length < json.length; length++) {
      files.write('sluice.yaml', json.slice(0, length));
      expect([length, (await files.load()).config]).toEqual([length, null]);
    }
  });
});
