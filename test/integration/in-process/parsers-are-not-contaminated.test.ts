import { expect, test } from '@jest/globals';
import { FrameType, RequestFlag } from '../../../pools/link/frames.js';
import { TestStream } from '../../support/test-stream.js';
import { withHosted } from './hosted.js';

test('after cut uploads and tunnels a real server of the same app works: parsers are pooled', async () => {
  await withHosted('life.cjs', async (_hosted, link) => {
    for (let round = 0; round < 50; round += 1) {
      const cut = new TestStream(link);
      cut.ask('/wait', 'POST', ['Host', 'test', 'Content-Length', '100'], RequestFlag.body);
      cut.body(Buffer.from('half'), false);
      cut.send(round % 2 === 0 ? FrameType.Fin : FrameType.Reset);
      const upgraded = new TestStream(link);
      const fields = ['Host', 'test', 'Connection', 'Upgrade', 'Upgrade', 'websocket'];
      upgraded.ask('/facts', 'GET', fields, RequestFlag.upgrade);
      link.writer.flush();
      await upgraded.ended();
      upgraded.send(FrameType.Close);
    }
    link.writer.flush();
    expect(JSON.parse(await new TestStream(link).get('/many-real'))).toEqual({ right: 300 });
  });
});
