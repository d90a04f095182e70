import { z } from 'zod';
import type { CertificateView, ControlPlane } from '../control-plane.js';
import type { AdminCaller } from '../frame/caller.js';
import { type AdminRoute, adminRoute } from '../frame/route.js';
import { certificateSchema } from '../schemas/certificate-schemas.js';
import type { BindingView } from '../site-views.js';
import { visible } from './sites.js';

export function certificateRoutes(control: ControlPlane): readonly AdminRoute[] {
  return [
    adminRoute({
      method: 'GET',
      path: '/api/v1/certificates',
      role: 'viewer',
      filtered: true,
      summary: 'Certificates that are loaded or ordered; of more than 1,000 those that end first',
      answer: z.object({ certificates: z.array(certificateSchema) }),
      handle: ({ caller }) => ({ certificates: certificatesFor(control, caller) }),
    }),
  ];
}

/** Of a token for some pools: those that sites with an application in these are served with. */
function certificatesFor(control: ControlPlane, caller: AdminCaller): readonly CertificateView[] {
  const all = control.certificates();
  if (caller.pools === 'all') return all;
  const bindings = visible(control.sites(), caller).flatMap((site) => site.bindings);
  return all.filter((one) => bindings.some((binding) => serves(one, binding)));
}

function serves({ kind, file, host }: CertificateView, binding: BindingView): boolean {
  if (binding.certificate !== kind) return false;
  switch (kind) {
    case 'pem':
    case 'pfx':
      return binding.certificateFile === file;
    case 'store':
    case 'acme':
      return binding.host === host || (binding.host.startsWith('*.') && host.endsWith(binding.host.slice(1)));
    case 'development':
      return true;
  }
}
