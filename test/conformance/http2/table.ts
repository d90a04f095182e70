/** The page of the documentation that lists every script with its outcome. */
import { ErrorCode } from '../../../server/http2/codes.js';
import type { Expectation, Script } from './script.js';

const codeNames = new Map<number, string>(
  Object.entries(ErrorCode).map(([name, code]) => [code, name.replace(/([A-Z0-9]+)/g, '_$1').toUpperCase()]),
);

function outcome(expected: Expectation): string {
  switch (expected.outcome) {
    case 'connection-error':
      return `GOAWAY(${codeNames.get(expected.code)})`;
    case 'stream-error':
      return `RST_STREAM(${codeNames.get(expected.code)})`;
    case 'answered':
      return `status ${expected.status}`;
    case 'ignored':
      return 'accepted, nothing follows';
    case 'frames':
      return expected.says;
  }
}

const opening = `# HTTP/2 conformance

What a client can probe of RFC 9113, RFC 7541 and RFC 8441, and the attack classes known for HTTP/2: each line is a script of
frames in \`test/conformance/http2\`, run against the engine on every test run, and against a live listener. After a stream
error, an answer or something accepted the connection has to answer a PING; after GOAWAY it ends.

Generated: \`SLUICE_GOLDEN=write\` with the test \`engine-conforms\`.
`;

export function conformancePage(scripts: readonly Script[]): string {
  const sources = [...new Set(scripts.map((script) => script.source))];
  const parts = sources.map((source) => {
    const rows = scripts
      .filter((script) => script.source === source)
      .map((script) => `| ${script.name.replaceAll('|', '\\|')} | ${outcome(script.expected)} |`);
    return `\n## ${source}\n\n| what is sent | what comes |\n| --- | --- |\n${rows.join('\n')}\n`;
  });
  return `${opening}\n${scripts.length} scripts.\n${parts.join('')}`;
}
