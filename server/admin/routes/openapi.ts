import { z } from 'zod';
import { openApiOf } from '../frame/openapi.js';
import { type AdminRoute, adminRoute } from '../frame/route.js';

/** The description of all routes, itself included; made when somebody asks for the first time. */
export function openApiRoute(all: () => readonly AdminRoute[], version: string): AdminRoute {
  let made: unknown = null;
  return adminRoute({
    method: 'GET',
    path: '/api/v1/openapi.json',
    role: 'viewer',
    filtered: true,
    summary: 'This description, in OpenAPI 3.1',
    answer: z.record(z.string(), z.unknown()),
    handle() {
      made ??= openApiOf(all(), version);
      return made;
    },
  });
}
