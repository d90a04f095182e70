/** The OpenAPI 3.1 description, from the same routes and schemas that the server checks with. */
import { z } from 'zod';
import type { AdminRoute } from './route.js';

type Json = Record<string, unknown>;

/** Every refusal has this shape. */
const problem = z.object({
  error: z.object({ code: z.string(), message: z.string(), remedy: z.string(), field: z.string() }),
});

export function openApiOf(routes: readonly AdminRoute[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = route.path.replace(/:([a-zA-Z]+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Sluice admin API', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    security: [{ token: [] }, { session: [] }],
    paths,
    components: {
      schemas: { Problem: schemaOf(problem) },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'Of admin.tokens; over the unix socket none is needed.' },
        session: { type: 'apiKey', in: 'cookie', name: 'sluice-session', description: 'Of the dashboard.' },
      },
    },
  };
}

function operationOf(route: AdminRoute): Json {
  const parameters = [...parametersOf(route.params, 'path'), ...parametersOf(route.query, 'query')];
  const problemAnswer = { $ref: '#/components/schemas/Problem' };
  const refusal = { description: 'Refused', content: { 'application/json': { schema: problemAnswer } } };
  return {
    operationId: operationId(route),
    summary: route.summary,
    'x-sluice-role': route.role,
    ...(route.role === 'anyone' ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined
      ? {}
      : {
          requestBody: { required: true, content: { 'application/json': { schema: schemaOf(route.body, 'input') } } },
        }),
    responses: { [route.answer === 'nothing' ? '204' : '200']: answerOf(route), default: refusal },
  };
}

function answerOf({ answer }: AdminRoute): Json {
  if (answer === 'nothing') return { description: 'Done' };
  if (answer === 'event-stream') return { description: 'Server-sent events', content: { 'text/event-stream': {} } };
  if (answer === 'download') return { description: 'A file', content: { 'application/octet-stream': {} } };
  return { description: 'Done', content: { 'application/json': { schema: schemaOf(answer) } } };
}

function parametersOf(schema: z.ZodType | undefined, place: 'path' | 'query'): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, one]) => {
    return { name, in: place, required: place === 'path' || required.includes(name), schema: one };
  });
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output' = 'output'): Json {
  const { $schema: _draft, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline' });
  return rest;
}

function operationId({ method, path }: AdminRoute): string {
  const words = path.replace('/api/v1/', '').split(/[^a-zA-Z]+/);
  return [method.toLowerCase(), ...words.map((word) => word.charAt(0).toUpperCase() + word.slice(1))].join('');
}
