/** Applications as httpPlatform under IIS has them: a folder with a program and a web.config that starts it. */
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { app } from '../../support/paths.js';

export interface PlatformProgram {
  readonly processPath: string;
  readonly arguments: string;
  readonly variables?: Readonly<Record<string, string>>;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}

export function webConfig(program: PlatformProgram): string {
  const variables = Object.entries(program.variables ?? {}).map(
    ([name, value]) => `<environmentVariable name="${escaped(name)}" value="${escaped(value)}" />`,
  );
  return `<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <system.webServer>
    <handlers>
      <add name="httpplatformhandler" path="*" verb="*" modules="httpPlatformHandler" resourceType="Unspecified" />
    </handlers>
    <httpPlatform processPath="${escaped(program.processPath)}" arguments="${escaped(program.arguments)}">
      <environmentVariables>${variables.join('')}</environmentVariables>
    </httpPlatform>
  </system.webServer>
</configuration>
`;
}

/** A copy of the fixture `test/apps/programs/<source>` below `root`, so that nothing is written in the checkout. */
export function platformFolder(root: string, name: string, source: string, program: PlatformProgram): string {
  const folder = join(root, name);
  cpSync(app(`programs/${source}`), folder, { recursive: true });
  writeFileSync(join(folder, 'web.config'), webConfig(program));
  return folder;
}
