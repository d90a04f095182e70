/** The reference page of statuses and start failures, from the tables that the code answers with. */
import { startFailures } from '../base/start-failures.js';
import { type StatusEntry, statusGroups } from '../base/statuses.js';

const intro = `# Statuses and failed starts

Generated from \`config/base/statuses.ts\` and \`config/base/start-failures.ts\` by \`npm run docs\`; do not edit.

Statuses and sub-statuses are those of IIS and the ASP.NET Core Module. Both stand in the access log, with the
\`reason\` of the tables below. An answer that an application made itself is passed on as it is and never listed here.

## Who reads what

A **visitor** gets status, sub-status and one neutral sentence, as HTML, or as JSON (RFC 9457) or plain text if \`Accept\`
prefers that; the reason only where it is about the request or the load (not for 500 and 502). No page is cached, and
none can run a script, load anything or be framed.

A **developer** gets the whole story on the same address: cause, remedy, the steps of the start with their times, the last
output, folder, command and the *names* of the environment variables. That page is only made for an application whose
configured \`ASPNETCORE_ENVIRONMENT\`, else \`DOTNET_ENVIRONMENT\`, else \`NODE_ENV\` is Development (in any case), or whose
\`ASPNETCORE_DETAILEDERRORS\` is \`1\` or \`true\`; for 500.19, 500.34 and 500.35 the variables of the pool decide.

\`disableStartUpErrorPage\` answers a failed start with the status and no body.

The **operator** finds the same report, whatever the environment, in the record \`start-failed\` of the server log and as
\`failure\` of the application in \`GET /api/v1/pools\` on the admin socket.

500.32, 500.33, 500.36 and 500.38 tell of Windows components (bitness, native libraries) and do not happen here.
`;

export function errorsPage(): string {
  const parts = [intro];
  for (const { title, entries } of statusGroups) {
    parts.push(`## ${title}\n\n| status | reason | what | cause | remedy |\n| --- | --- | --- | --- | --- |`);
    parts.push(`${entries.map(statusRow).join('\n')}\n`);
  }
  parts.push(`## Why a start failed\n
The \`code\` of a report; status 500.30, 500.31 or 500.37 in-process, 502.5 out-of-process.\n
| code | cause | remedy |\n| --- | --- | --- |`);
  for (const [code, { cause, remedy }] of Object.entries(startFailures))
    parts.push(row([`\`${code}\``, cause, remedy]));
  return `${parts.join('\n').trimEnd()}\n`;
}

function statusRow({ status, subStatus, reasons, title, cause, remedy }: StatusEntry): string {
  return row([`${status}.${subStatus}`, reasons.map((word) => `\`${word}\``).join(' '), title, cause, remedy]);
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
