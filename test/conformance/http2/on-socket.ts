/** Runs a script against whatever listens on a port and speaks HTTP/2 with prior knowledge. */
import { RawClient } from '../../support/raw-client.js';
import { FrameLog } from '../../support/http2-frames.js';
import { until } from '../../support/time.js';
import { goAwayCode, isSettled, judge, type Script, stepsOf } from './script.js';

const limitMs = 30_000;

/** What came; `problem` is '' or what is wrong with it. */
export interface SocketRun {
  readonly problem: string;
  readonly log: FrameLog;
}

/** After a connection error the server has to end the connection. `localAddress`: the loopback address to come from. */
export async function runOnSocket(script: Script, port: number, localAddress?: string): Promise<SocketRun> {
  const client = await RawClient.connect(port, localAddress);
  const log = new FrameLog();
  client.socket.on('data', (bytes: Buffer) => log.add(bytes));
  const isOver = (): boolean => client.ended || goAwayCode(log) > 0;
  try {
    for (const step of stepsOf(script)) {
      if (Buffer.isBuffer(step)) client.send(step);
      else await until('what the script waits for', () => step(log) || isOver(), { withinMs: limitMs, everyMs: 2 });
    }
    await until('the outcome', () => isSettled(script, log) || isOver(), { withinMs: limitMs, everyMs: 2 });
    if (goAwayCode(log) > 0) await until('the end', () => client.ended, { withinMs: limitMs, everyMs: 2 });
  } catch (error) {
    const problem = judge(script, log);
    return { log, problem: `${problem} (${error instanceof Error ? error.message : 'failed'})` };
  } finally {
    client.close();
  }
  return { log, problem: judge(script, log) };
}
