/** What every answer of the admin listener tells browsers. */
import type { FastifyReply } from 'fastify';

/** Scripts and styles come from files of ours; nothing inline, nothing from elsewhere, in no frame of anybody. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const headers = {
  'cache-control': 'no-store',
  'content-security-policy': contentSecurityPolicy,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

/** Files of the dashboard may set another cache-control afterwards. */
export function addSecurityHeaders(reply: FastifyReply): void {
  void reply.headers(headers);
}
