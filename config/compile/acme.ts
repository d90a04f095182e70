/** `acme`: which authority certificates are asked of, and for which names. */
import { dirname, resolve } from 'node:path';
import { nodeAt } from '../load/source.js';
import type { AcmeConfig } from '../model.js';
import type { ServerSettings } from '../schema/root.js';
import { parseHost } from './addresses.js';
import type { Report } from './report.js';

const letsEncrypt = {
  production: 'https://acme-v02.api.letsencrypt.org/directory',
  staging: 'https://acme-staging-v02.api.letsencrypt.org/directory',
} as const;

export function compileAcme(settings: ServerSettings['acme'], report: Report): AcmeConfig | null {
  if (settings === undefined) return null;
  const { directory, email = '', challenge, authoritiesFile } = settings;
  const rehearsal = settings.rehearsal ?? (directory === 'production' ? 'staging' : 'none');
  const at = nodeAt(report.root, ['acme', 'authoritiesFile'])?.place.file ?? report.root.place.file;
  return {
    directory: addressOf(directory, 'directory', report),
    rehearsal: rehearsal === 'none' ? '' : addressOf(rehearsal, 'rehearsal', report),
    email,
    challenge,
    onDemandHosts: settings.onDemandHosts.flatMap((host, index) => {
      const parsed = parseHost(host);
      if (parsed.ok && parsed.value !== '') return [parsed.value];
      const message = parsed.ok ? 'an empty name' : parsed.message;
      report.at(['acme', 'onDemandHosts', index], { code: 'bad-host', message });
      return [];
    }),
    authoritiesFile: authoritiesFile === undefined ? '' : resolve(dirname(at), authoritiesFile),
  };
}

function addressOf(written: string, key: 'directory' | 'rehearsal', report: Report): string {
  if (written === 'production' || written === 'staging') return letsEncrypt[written];
  if (URL.canParse(written) && new URL(written).protocol === 'https:') return new URL(written).href;
  report.at(['acme', key], {
    code: 'bad-address',
    message: 'the directory of an authority is an https address',
    remedy: 'write production, staging or such as https://acme.example/directory',
  });
  return '';
}
