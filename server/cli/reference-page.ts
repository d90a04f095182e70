/** docs/reference/cli.md, made of the verb table. */
import { allVerbs, type Verb } from './verbs.js';

const head = `# The command line

<!-- Made of the verb table by \`npm run docs\`. -->

Commands for a running server are clients of its [admin API](administration.md). They find it by \`--admin\`, else by the
configuration that \`--config\` names, else by the variable \`SLUICE_ADMIN\`, else by \`./sluice.yaml\` or \`/etc/sluice/sluice.yaml\`.
For \`--admin http://HOST:PORT\` or \`https://HOST:PORT\` a token is taken from \`SLUICE_TOKEN\`, else from the file that
\`SLUICE_TOKEN_FILE\` names; \`SLUICE_CA_FILE\` names the authorities (PEM) that its certificate is checked against.

- Tables are for people. \`--json\` prints what the API answers, for programs. Every command for a running server has \`--admin\`,
  \`--config\` and \`--json\`; they are not repeated below.
- Colours come on a terminal only, and never where \`NO_COLOR\` is set or \`TERM\` is \`dumb\`.
- What tenants and clients sent is escaped: no control character of theirs, nor one that turns the direction of text, reaches the terminal.
- Actions wait until they are done: progress goes to stderr, the result to stdout. Ctrl-C ends the waiting, not the action.
- Completion: \`source <(sluice completion bash)\`; for zsh and fish see the first line of their scripts.

| exit code | |
| --- | --- |
| 0 | done; for \`doctor\`: no problem, warnings at most; for \`healthcheck\`: alive and ready |
| 1 | it failed, something is unknown, problems were found, or the server cannot be reached |
| 2 | wrong usage, such as a live view without a terminal |
| 78 | the start was refused because of the configuration: starting again cannot help |

## Words of appcmd

\`sluice\` takes the habits of IIS administrators, with names bare or as \`/apppool.name:NAME\`:

| appcmd | the same |
| --- | --- |
| \`list apppool [NAME] [/state:Stopped]\` | \`pool list\`, \`pool show NAME\` |
| \`start\`, \`stop\`, \`recycle apppool NAME\` | \`pool start\`, \`stop\`, \`recycle NAME\` |
| \`list wp [PID] [/apppool.name:NAME]\` | \`worker list [--worker PID]\` |
| \`list request [/apppool.name:NAME] [/site.name:NAME] [/wp.name:PID] [/elapsed:MS]\` | \`requests\` |
| \`list site [NAME]\` | \`site list\`, \`site show NAME\` |
| \`list app [SITE/PATH] [/site.name:NAME] [/apppool.name:NAME]\` | \`app list [--id SITE/PATH]\` |
| \`list cert\` | \`cert list\` |

\`add\`, \`set\` and \`delete\` are refused: what they change stands in the configuration.

## Verbs
`;

const common = new Set(['--admin', '--config', '--json']);

export function referencePage(root: Verb): string {
  // Some do something themselves and have verbs below, such as `logs`.
  const acting = ({ verbs, options, arguments: args }: Verb): boolean =>
    verbs.length === 0 || options.length > 0 || args.length > 0;
  const leaves = allVerbs(root).filter((verb) => verb.path.length > 0 && acting(verb));
  return `${head}\n${leaves.map(section).join('\n')}`.trimEnd() + '\n';
}

function section({ path, arguments: args, summary, options }: Verb): string {
  const lines = [`### sluice ${[...path, ...args].join(' ')}`.replaceAll('<', '\\<'), '', `${sentence(summary)}.`, ''];
  const own = options.filter(({ long }) => !common.has(long));
  if (own.length > 0) {
    lines.push('| option | |', '| --- | --- |');
    for (const { flags, summary: text } of own) lines.push(`| \`${flags}\` | ${text} |`);
    lines.push('');
  }
  return lines.join('\n');
}

function sentence(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
