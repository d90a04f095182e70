/** Settings of the admin API: where it listens and who may use it. */
import { z } from 'zod';
import { setting } from './annotations.js';
import { text } from './values.js';

const hash = () =>
  z.string().regex(/^sha256:[0-9a-f]{64}$/, { error: 'write the hash as `sluice admin token` prints it: sha256:...' });

const token = z.strictObject({
  name: setting(text(64).min(1), { description: 'Who it is for: in the log of changes.', reload: 'live' }),
  hash: setting(hash(), {
    description: 'sha256: and the SHA-256 of the token in hexadecimal digits. `sluice admin token` prints it.',
    reload: 'live',
    secret: true,
  }),
  role: setting(z.enum(['viewer', 'operator', 'admin']).prefault('viewer'), {
    description:
      'viewer: looks. operator: also starts, stops and recycles pools and workers. admin: also changes the configuration and the server.',
    reload: 'live',
  }),
  pools: setting(z.array(text(64).min(1)).max(1_000).optional(), {
    description: 'The only pools that it may see and act on. Default: all.',
    reload: 'live',
  }),
});

const tls = z.strictObject({
  certFile: setting(text().min(1), {
    description: 'PEM file, the leaf first. A renewed one is used without a restart, as is its key.',
    reload: 'restart',
  }),
  keyFile: setting(text().min(1), {
    description: 'PEM file of the private key, without a password.',
    reload: 'restart',
  }),
});

export const admin = z.strictObject({
  listen: setting(text(300).min(1).prefault('127.0.0.1:9900'), {
    description: 'Address of the admin API, health and metrics: host:port, or none.',
    reload: 'restart',
  }),
  socket: setting(text().min(1).optional(), {
    description: 'Unix socket of the admin API; it always exists. Default: admin.sock in runDir.',
    reload: 'restart',
  }),
  hosts: setting(z.array(text(260).min(1)).max(100).prefault([]), {
    description:
      'Further names by which admin.listen may be called; addresses, localhost and the name of this machine always may.',
    reload: 'live',
  }),
  tls: setting(tls.optional(), { description: 'Certificate of admin.listen. Default: plain HTTP.', reload: 'restart' }),
  tokens: setting(z.array(token).max(1_000).prefault([]), {
    description: 'Who may use the API at admin.listen. The socket needs none: only the user of the server can open it.',
    reload: 'live',
  }),
  metricsToken: setting(hash().optional(), {
    description:
      'Hash of a token without which /metrics is refused at admin.listen (tokens of the API for all pools do too). Default: /metrics needs none.',
    reload: 'live',
    secret: true,
  }),
});
