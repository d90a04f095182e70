/** The whole document. */
import { z } from 'zod';
import { configEntriesMax } from '../base/limits.js';
import { asType, layer, setting } from './annotations.js';
import { hostingSettings } from './hosting.js';
import { poolName, poolSettings } from './pool.js';
import { serverSettings } from './server.js';
import { applicationDefaults, site, siteSettings } from './site.js';
import { text } from './values.js';

const pool = z.strictObject({
  name: setting(poolName, { description: 'Unique name.', reload: 'recycle' }),
  ...layer(poolSettings).shape,
});

/** What one file may say; layers below `applicationPools` and `sites` are raw until they are merged. */
export const rootSchema = z.strictObject({
  $schema: setting(z.string().optional(), { description: 'For editors.', reload: 'live' }),
  include: setting(z.union([text().min(1), z.array(text().min(1)).max(100)]).optional(), {
    description: 'Further files, relative to this one; * and ? stand for parts of a name: sites.d/*.yaml.',
    reload: 'live',
  }),
  ...serverSettings,
  applicationPoolDefaults: setting(layer(poolSettings).optional(), {
    description: 'Values for every pool that does not set its own.',
    reload: 'recycle',
  }),
  applicationPools: setting(z.array(pool).max(configEntriesMax).prefault([]), {
    description: 'The pools.',
    reload: 'recycle',
  }),
  applicationDefaults: setting(layer(applicationDefaults).optional(), {
    description: 'Values for every application that does not set its own.',
    reload: 'recycle',
  }),
  siteDefaults: setting(layer(siteSettings).optional(), {
    description: 'Values for every site that does not set its own.',
    reload: 'live',
  }),
  sites: setting(z.array(site).max(configEntriesMax).prefault([]), { description: 'The sites.', reload: 'live' }),
});

/** Server-wide settings with their defaults. */
export const serverSchema = z.object(serverSettings);
export type ServerSettings = z.output<typeof serverSchema>;
export type PoolSettings = z.output<typeof poolSettings>;
export type SiteSettings = z.output<typeof siteSettings>;
export type ApplicationDefaults = z.output<typeof applicationDefaults>;

/** The complete schemas that merged layers are read with. */
export { poolSettings, siteSettings, applicationDefaults };
export { hostingSettings };
export type HostingSettings = z.output<typeof hostingSettings>;

export const rootType: z.ZodType = asType(rootSchema);
