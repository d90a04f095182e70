/** The reference page of IIS's event ids, from the table that the code takes them from. */
import { type IisEvent, iisEvents } from '../base/iis-events.js';

const intro = `# Events with the ids of IIS

Generated from \`config/base/iis-events.ts\` by \`npm run docs\`; do not edit.

IIS writes what happens to its pools to the event log of Windows, and people search for the ids. The same ids stand here in the field \`eventId\`
of the records of the server log (\`sluice.log\`, \`sluice logs\`), of receipts and obituaries (\`GET /api/v1/pools\`), and of the events of
\`GET /api/v1/events\` (\`sluice events\`). \`logEventOnRecycle\` and \`logEventOnProcessModel\` decide which causes of recycling and of idle ends are
logged, as in IIS.

IIS and its module tell some things twice, such as the end of a process. A record then has both ids: the first in \`eventId\`, all of them in
\`eventIds\` (\`eventId=5009 eventIds="5009, 1030"\`).
`;

const titles: Readonly<Record<IisEvent['source'], string>> = {
  WAS: 'Windows Process Activation Service (WAS)',
  ANCM: 'IIS AspNetCore Module V2',
};

const elsewhere = `## Ids that have no counterpart

5041 (a setting out of range) is an error of \`sluice check\`; 5021, 5022, 5057 and 5059 are failed starts with their cause in \`start-failed\`;
1010 is told by the report of the failed start (1020, 1031). 1007, 1013, 1024 to 1029 and 1036 tell of parts of Windows or of the module that do
not exist here.
`;

export function eventsPage(): string {
  const parts = [intro];
  for (const source of ['WAS', 'ANCM'] as const) {
    parts.push(`## ${titles[source]}\n\n| id | meaning | record in the server log |\n| --- | --- | --- |`);
    const rows = iisEvents.filter((one) => one.source === source);
    parts.push(`${rows.map(rowOf).join('\n')}\n`);
  }
  return `${[...parts, elsewhere].join('\n').trimEnd()}\n`;
}

function rowOf({ id, meaning, records }: IisEvent): string {
  return `| ${id} | ${meaning} | ${records.map((record) => `\`${record}\``).join(', ')} |`;
}
