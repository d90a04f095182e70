/** Run as a process of its own: starts one worker with grandchildren, prints its folders and pids, waits to be killed. */
import { misbehaving, RuntimeHarness } from './harness.js';

const isolate = process.argv[2] === 'isolate';
const physicalPath = process.argv[3] ?? misbehaving;
const harness = new RuntimeHarness({ isolate });
// Without users of their own, processes that leave the group and the session cannot be told from anybody's.
const environmentVariables = isolate ? [] : [{ name: 'STAY', value: '1' }];
const processPath = `${physicalPath}/${process.argv[4] ?? 'leaves-grandchildren.sh'}`;
const worker = harness.start({ physicalPath, hosting: { processPath, environmentVariables } });
await worker.whenReady();
const { folder, runDir } = harness;
process.stdout.write(`${JSON.stringify({ pid: worker.pid, folder, runDir })}\n`);
