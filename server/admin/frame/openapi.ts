/** The OpenAPI 3.1 description, from the same routes and schemas that the server checks with. */
import { z } from 'zod';
import type { AdminRoute } from './route.js';

type Json = Record<string, unknown>;

/** Every refusal has this shape. */
const problem = z.object({
  error: z.object({ code: z.string(), message: z.string(), remedy: z.string(), field: z.string() }),
});

export function openApiOf(routes: readonly AdminRoute[], version: string): Json {
  const schemas = new Schemas();
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = route.path.replace(/:([a-zA-Z]+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, schemas) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Sluice admin API', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    security: [{ token: [] }, { session: [] }],
    paths,
    components: {
      schemas: { Problem: schemas.of(problem), ...schemas.named },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'Of admin.tokens; over the unix socket none is needed.' },
        session: { type: 'apiKey', in: 'cookie', name: 'sluice-session-PORT', description: 'Of the dashboard.' },
      },
    },
  };
}

/** JSON Schemas of ours (draft 2020-12, as OpenAPI 3.1 takes them); those with a name are described once. */
export class Schemas {
  readonly named: Record<string, Json> = {};

  of(schema: z.ZodType, io: 'input' | 'output' = 'output'): Json {
    const made = z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline' });
    const text = JSON.stringify(made).replaceAll('"#/$defs/', '"#/components/schemas/');
    const { $schema: _draft, $defs = {}, ...rest } = JSON.parse(text) as Json & { $defs?: Record<string, Json> };
    for (const [name, { id: _id, ...definition }] of Object.entries($defs)) this.named[name] = definition;
    const { id, ...plain } = rest;
    if (typeof id !== 'string') return plain;
    this.named[id] = plain;
    return { $ref: `#/components/schemas/${id}` };
  }
}

function operationOf(route: AdminRoute, schemas: Schemas): Json {
  const parameters = [...parametersOf(route.params, 'path', schemas), ...parametersOf(route.query, 'query', schemas)];
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
          requestBody: { required: true, content: { 'application/json': { schema: schemas.of(route.body, 'input') } } },
        }),
    responses: { [route.answer === 'nothing' ? '204' : '200']: answerOf(route, schemas), default: refusal },
  };
}

function answerOf({ answer }: AdminRoute, schemas: Schemas): Json {
  if (answer === 'nothing') return { description: 'Done' };
  if (answer === 'event-stream') return { description: 'Server-sent events', content: { 'text/event-stream': {} } };
  if (answer === 'download') return { description: 'A file', content: { 'application/octet-stream': {} } };
  return { description: 'Done', content: { 'application/json': { schema: schemas.of(answer) } } };
}

function parametersOf(schema: z.ZodType | undefined, place: 'path' | 'query', schemas: Schemas): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemas.of(schema, 'input') as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, one]) => {
    return { name, in: place, required: place === 'path' || required.includes(name), schema: one };
  });
}

export function operationId({ method, path }: AdminRoute): string {
  const words = path.replace('/api/v1/', '').split(/[^a-zA-Z]+/);
  return [method.toLowerCase(), ...words.map((word) => word.charAt(0).toUpperCase() + word.slice(1))].join('');
}
