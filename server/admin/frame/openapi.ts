/** The OpenAPI 3.1 description, from the same routes and schemas that the server checks with. */
import { z } from 'zod';
import { problemSchema } from './errors.js';
import { sessionField } from './origin-check.js';
import type { AdminRoute } from './route.js';

type Json = Record<string, unknown>;

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
    security: [{ token: [] }, { session: [], page: [] }],
    paths,
    components: {
      schemas: schemas.named,
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'Of admin.tokens; over the unix socket none is needed.' },
        session: { type: 'apiKey', in: 'cookie', name: 'sluice-session-PORT', description: 'Of the dashboard.' },
        page: { type: 'apiKey', in: 'header', name: sessionField, description: 'The secret of the session.' },
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
  const parameters = [
    ...parametersOf(route.params, 'path', schemas),
    ...parametersOf(route.query, 'query', schemas),
    ...fieldsOf(route.requestFields).map(([name, one]) => ({ name, in: 'header', required: false, ...one })),
  ];
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
    responses: responsesOf(route, schemas),
  };
}

/** The statuses with which the answer of a route comes. */
export function statusesOf({ answer, statuses = [answer === 'nothing' ? 204 : 200] }: AdminRoute): readonly number[] {
  return statuses;
}

function responsesOf(route: AdminRoute, schemas: Schemas): Json {
  const headers = route.answerFields === undefined ? {} : { headers: Object.fromEntries(fieldsOf(route.answerFields)) };
  const responses: Json = {};
  for (const status of statusesOf(route)) {
    const description = status === 202 ? 'It goes on' : 'Done';
    responses[status] = { description, ...headers, ...contentOf(route, schemas) };
  }
  for (const [status, schema] of Object.entries(route.refusals ?? {})) responses[status] = refusal(schema, schemas);
  return { ...responses, default: refusal(problemSchema, schemas) };
}

function refusal(schema: z.ZodType, schemas: Schemas): Json {
  return { description: 'Refused', content: { 'application/json': { schema: schemas.of(schema) } } };
}

/** OpenAPI 3.1 knows no events: their schema stands beside the text that they are sent as. */
function contentOf({ answer, events }: AdminRoute, schemas: Schemas): Json {
  if (answer === 'nothing') return {};
  if (answer === 'download') return { content: { 'application/octet-stream': {} } };
  if (answer !== 'event-stream') return { content: { 'application/json': { schema: schemas.of(answer) } } };
  const event = events === undefined ? {} : { 'x-sluice-event': schemas.of(events) };
  return { content: { 'text/event-stream': { schema: { type: 'string' }, ...event } } };
}

function fieldsOf(fields: Readonly<Record<string, string>> = {}): [name: string, field: Json][] {
  return Object.entries(fields).map(([name, description]) => [name, { description, schema: { type: 'string' } }]);
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
