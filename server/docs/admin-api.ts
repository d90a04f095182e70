/** The reference page of the admin API, from the routes and schemas that the server checks with. */
import type { z } from 'zod';
import type { ControlPlane } from '../admin/control-plane.js';
import type { Door } from '../admin/frame/door.js';
import { Schemas } from '../admin/frame/openapi.js';
import type { AdminRoute } from '../admin/frame/route.js';
import { allRoutes } from '../admin/routes/all.js';

interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly (string | number | boolean)[];
  readonly const?: string | number | boolean;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly $ref?: string;
}

const intro = `# The admin API, route by route

Generated from the schemas that the server checks with; \`GET /api/v1/openapi.json\` answers the same as OpenAPI 3.1. How the API is reached,
tokens, roles and errors: [administration](administration.md). Every route that is not a GET is recorded in the log.

Pools: *the one* = a token for some pools needs the one that the route is about; *filtered* = it gets what its pools are concerned with; *all* =
only tokens for all pools.
`;

export function adminApiPage(): string {
  // Routes are only described here: nothing of the server is asked.
  const routes = allRoutes({} as ControlPlane, {} as Door);
  const schemas = new Schemas();
  const themes = new Map<string, AdminRoute[]>();
  for (const route of routes) {
    const theme = route.path.split('/')[3] ?? '';
    themes.set(theme, [...(themes.get(theme) ?? []), route]);
  }
  const parts = [...themes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([theme, own]) => themeText(theme, own, schemas));
  const named = Object.entries(schemas.named).sort(([a], [b]) => (a < b ? -1 : 1));
  const shapes = named.map(([name, schema]) => `### ${name}\n\n${fieldsText(schema)}`);
  return `${[intro, ...parts, '## Shapes\n', ...shapes].join('\n').trimEnd()}\n`;
}

function themeText(theme: string, routes: readonly AdminRoute[], schemas: Schemas): string {
  return `## ${theme}\n\n${routes.map((route) => routeText(route, schemas)).join('\n')}`;
}

function routeText(route: AdminRoute, schemas: Schemas): string {
  const { method, path, role, summary, answer } = route;
  const pools =
    route.role === 'anyone' ? '-' : route.filtered === true ? 'filtered' : route.pool === undefined ? 'all' : 'the one';
  const facts = [`role ${role}`, `pools: ${pools}`, `answer: ${answerText(answer, schemas)}`];
  const inputs = [
    ...inputRows('path', route.params, schemas),
    ...inputRows('query', route.query, schemas),
    ...inputRows('body', route.body, schemas),
  ];
  const table =
    inputs.length === 0 ? '' : `\n| in | name | type | |\n| --- | --- | --- | --- |\n${inputs.join('\n')}\n`;
  return `### \`${method} ${path}\`\n\n${summary}.\n\n${facts.join('; ')}.\n${table}`;
}

function answerText(answer: AdminRoute['answer'], schemas: Schemas): string {
  if (answer === 'nothing') return '204';
  if (answer === 'event-stream') return 'server-sent events';
  if (answer === 'download') return 'a file';
  return typeText(schemas.of(answer));
}

function inputRows(place: string, schema: z.ZodType | undefined, schemas: Schemas): string[] {
  if (schema === undefined) return [];
  const made: Schema = schemas.of(schema, 'input');
  if (made.properties === undefined) return [`| ${place} | | ${typeText(made)} | ${cell(made.description ?? '')} |`];
  return Object.entries(made.properties).map(([name, one]) => {
    const optional = made.required?.includes(name) === true ? '' : '?';
    return `| ${place} | \`${name}\`${optional} | ${typeText(one)} | ${cell(one.description ?? '')} |`;
  });
}

function fieldsText(schema: Schema): string {
  if (schema.properties === undefined) return `${typeText(schema)}\n`;
  const rows = Object.entries(schema.properties).map(
    ([name, one]) => `| \`${name}\` | ${typeText(one)} | ${cell(one.description ?? '')} |`,
  );
  return `| field | type | |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
}

function typeText(schema: Schema): string {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1) ?? '';
    return `[${name}](#${name.toLowerCase()})`;
  }
  if (schema.enum !== undefined) return schema.enum.map((one) => `\`${one}\``).join(', ');
  if (schema.const !== undefined) return `\`${schema.const}\``;
  const either = schema.anyOf ?? schema.oneOf;
  if (either !== undefined) return either.map(typeText).join(' or ');
  if (schema.type === 'array') return `list of ${schema.items === undefined ? 'anything' : typeText(schema.items)}`;
  if (schema.properties !== undefined) {
    return `{ ${Object.entries(schema.properties)
      .map(([name, one]) => `${name}: ${typeText(one)}`)
      .join(', ')} }`;
  }
  return typeof schema.type === 'string' ? schema.type : 'anything';
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
