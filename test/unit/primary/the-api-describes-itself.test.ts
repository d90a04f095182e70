import { expect, test } from '@jest/globals';
import type { ControlPlane } from '../../../server/admin/control-plane.js';
import type { Door } from '../../../server/admin/frame/door.js';
import { openApiOf } from '../../../server/admin/frame/openapi.js';
import { allRoutes } from '../../../server/admin/routes/all.js';

const routes = allRoutes({} as ControlPlane, {} as Door);
const description = openApiOf(routes, '1.2.3');
const text = JSON.stringify(description);

test('every route is described, with every parameter of its path', () => {
  const paths = description['paths'] as Readonly<
    Record<string, Readonly<Record<string, { parameters?: { name: string; in: string }[] }>>>
  >;
  for (const { method, path } of routes) {
    const operation = paths[path.replace(/:([a-z]+)/g, '{$1}')]?.[method.toLowerCase()];
    const named = (operation?.parameters ?? []).filter((one) => one.in === 'path').map(({ name }) => name);
    expect([path, named]).toEqual([path, [...path.matchAll(/:([a-z]+)/g)].map(([, name]) => name)]);
  }
  const ids = [...text.matchAll(/"operationId":"([^"]+)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(routes.length);
});

test('every reference leads to a schema, and none is left that OpenAPI does not know', () => {
  const { schemas } = description['components'] as { schemas: Readonly<Record<string, unknown>> };
  const references = new Set([...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, to]) => to ?? ''));
  expect([...references].filter((to) => !(to.replace('#/components/schemas/', '') in schemas))).toEqual([]);
  expect(text).not.toContain('$defs');
  expect(description['openapi']).toBe('3.1.0');
});

test('fields and events that a client has to know of are described', () => {
  const { schemas, securitySchemes } = description['components'] as Readonly<Record<string, object>>;
  expect(Object.keys(schemas ?? {})).toEqual(expect.arrayContaining(['Problem', 'Event', 'LogEvent']));
  expect(securitySchemes).toMatchObject({ page: { in: 'header', name: 'x-sluice-session' } });
  for (const name of ['if-match', 'last-event-id']) expect(text).toContain(`{"name":"${name}","in":"header"`);
  expect(text).toContain('"text/event-stream":{"schema":{"type":"string"},"x-sluice-event":{"$ref":');
});
