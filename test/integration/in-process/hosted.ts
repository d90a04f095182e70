/** One hosted fixture app with a link to it, ended whatever the test does. */
import { HostedApp, type HostedOptions } from '../../support/hosted-app.js';
import { TestLink } from '../../support/link-front.js';
import { app } from '../../support/paths.js';

export type HostedTest = (hosted: HostedApp, link: TestLink) => Promise<void>;

/** Entry relative to test/apps/in-process. */
export async function withHosted(entry: string, body: HostedTest, options: Partial<HostedOptions> = {}): Promise<void> {
  const hosted = HostedApp.start({ ...options, entry: `${app('in-process')}/${entry}` });
  let link: TestLink | null = null;
  try {
    await hosted.message('listening');
    link = new TestLink(hosted.socketPath);
    await body(hosted, link);
  } finally {
    link?.socket.destroy();
    await hosted.stop();
  }
}

export const paths = ['auto', 'slow', 'documented'] as const;
