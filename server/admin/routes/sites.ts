/** Sites with their bindings and applications; of a token for some pools only what runs in them. */
import { z } from 'zod';
import { applicationActions, type ApplicationAction, type ControlPlane } from '../control-plane.js';
import { type AdminCaller, covers } from '../frame/caller.js';
import { notFound } from '../frame/errors.js';
import { type AdminRoute, adminRoute } from '../frame/route.js';
import { applicationSchema, bindingSchema, siteSchema } from '../schemas/site-schemas.js';
import type { ApplicationDetailView, SiteView } from '../site-views.js';
import { begun, orderAnswer, waitQuery } from './orders.js';

const siteParams = z.strictObject({ name: z.string().min(1).max(260) });
const applicationParams = z.strictObject({
  id: z.string().min(1).max(1_024).describe('site/path, with / as %2F: `main%2Fshop`'),
});

const summaries: Readonly<Record<ApplicationAction, string>> = {
  offline: 'Answer 503 for an application from now on and end its workers, as app_offline.htm does; outlives reloads',
  online: 'Serve an application again that was taken offline',
};

export function siteRoutes(control: ControlPlane): readonly AdminRoute[] {
  const sites = (caller: AdminCaller): readonly SiteView[] => visible(control.sites(), caller);
  return [
    adminRoute({
      method: 'GET',
      path: '/api/v1/sites',
      role: 'viewer',
      filtered: true,
      summary: 'Every site with its bindings and applications',
      answer: z.object({ sites: z.array(siteSchema) }),
      handle: ({ caller }) => ({ sites: sites(caller) }),
    }),
    adminRoute({
      method: 'GET',
      path: '/api/v1/sites/:name',
      role: 'viewer',
      filtered: true,
      summary: 'One site',
      params: siteParams,
      answer: siteSchema,
      handle({ params, caller }) {
        const found = sites(caller).find(({ name }) => name === params.name);
        if (found === undefined) throw notFound('no-such-site', 'there is no such site');
        return found;
      },
    }),
    adminRoute({
      method: 'GET',
      path: '/api/v1/bindings',
      role: 'viewer',
      filtered: true,
      summary: 'Every binding of every site',
      answer: z.object({ bindings: z.array(bindingSchema) }),
      handle: ({ caller }) => ({ bindings: sites(caller).flatMap(({ bindings }) => bindings) }),
    }),
    ...applicationRoutes(control, sites),
  ];
}

function applicationRoutes(
  control: ControlPlane,
  sites: (caller: AdminCaller) => readonly SiteView[],
): readonly AdminRoute[] {
  const applications = (caller: AdminCaller): readonly ApplicationDetailView[] =>
    sites(caller).flatMap((site) => site.applications);
  const poolOf = ({ id }: { readonly id: string }): string | null =>
    control
      .sites()
      .flatMap((site) => site.applications)
      .find((one) => one.id === id)?.pool ?? null;
  return [
    adminRoute({
      method: 'GET',
      path: '/api/v1/applications',
      role: 'viewer',
      filtered: true,
      summary: 'Every application',
      answer: z.object({ applications: z.array(applicationSchema) }),
      handle: ({ caller }) => ({ applications: applications(caller) }),
    }),
    adminRoute({
      method: 'GET',
      path: '/api/v1/applications/:id',
      role: 'viewer',
      pool: poolOf,
      summary: 'One application',
      params: applicationParams,
      answer: applicationSchema,
      handle({ params, caller }) {
        const found = applications(caller).find(({ id }) => id === params.id);
        if (found === undefined) throw notFound('no-such-application', 'there is no such application');
        return found;
      },
    }),
    ...applicationActions.map((action) =>
      adminRoute({
        method: 'POST',
        path: `/api/v1/applications/:id/${action}`,
        role: 'operator',
        pool: poolOf,
        summary: summaries[action],
        params: applicationParams,
        query: waitQuery,
        ...orderAnswer,
        handle: (call) =>
          begun(control.actions, call, control.actions.orderApplication(call.caller, action, call.params.id)),
      }),
    ),
  ];
}

/** Sites with an application in the caller's pools, with those applications alone. */
export function visible(sites: readonly SiteView[], caller: AdminCaller): readonly SiteView[] {
  if (caller.pools === 'all') return sites;
  return sites.flatMap((site) => {
    const applications = site.applications.filter(({ pool }) => covers(caller, pool));
    return applications.length === 0 ? [] : [{ ...site, applications }];
  });
}
