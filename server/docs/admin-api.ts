/** The reference page of the admin API, from the routes and schemas that the server checks with. */
import type { z } from 'zod';
import type { ControlPlane } from '../admin/control-plane.js';
import type { Door } from '../admin/frame/door.js';
import { problemSchema } from '../admin/frame/errors.js';
import { Schemas, statusesOf } from '../admin/frame/openapi.js';
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
tokens, roles and errors: [administration](administration.md). Every route that is not a GET is recorded in the log, but for
\`validate\` and \`diff\` of the configuration, which change nothing: of these what was refused.

Pools: *the one* = a token for some pools needs the one that the route is about; *filtered* = it gets what its pools are concerned with; *all* =
only tokens for all pools. Every refusal is a [Problem](#problem).
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
  schemas.of(problemSchema);
  const named = Object.entries(schemas.named).sort(([a], [b]) => (a < b ? -1 : 1));
  const shapes = named.map(([name, schema]) => `### ${name}\n\n${fieldsText(schema)}`);
  return `${[intro, ...parts, '## Shapes\n', ...shapes].join('\n').trimEnd()}\n`;
}

function themeText(theme: string, routes: readonly AdminRoute[], schemas: Schemas): string {
  return `## ${theme}\n\n${routes.map((route) => routeText(route, schemas)).join('\n')}`;
}

function routeText(route: AdminRoute, schemas: Schemas): string {
  const { method, path, role, summary } = route;
  const pools =
    route.role === 'anyone' ? '-' : route.filtered === true ? 'filtered' : route.pool === undefined ? 'all' : 'the one';
  const facts = [`role ${role}`, `pools: ${pools}`, `answer: ${answerText(route, schemas)}`];
  const inputs = [
    ...inputRows('path', route.params, schemas),
    ...inputRows('query', route.query, schemas),
    ...Object.entries(route.requestFields ?? {}).map(
      ([name, text]) => `| field | \`${name}\`? | string | ${cell(text)} |`,
    ),
    ...inputRows('body', route.body, schemas),
  ];
  const table =
    inputs.length === 0 ? '' : `\n| in | name | type | |\n| --- | --- | --- | --- |\n${inputs.join('\n')}\n`;
  return `### \`${method} ${path}\`\n\n${summary}.\n\n${facts.join('; ')}.\n${table}`;
}

function answerText(route: AdminRoute, schemas: Schemas): string {
  const statuses = statusesOf(route).join(' or ');
  const fields = Object.keys(route.answerFields ?? {}).map((name) => `\`${name}\``);
  const told = fields.length === 0 ? '' : ` with ${fields.join(' and ')}`;
  const refused = Object.entries(route.refusals ?? {}).map(([status, schema]) => {
    return `; ${status} ${typeText(schemas.of(schema))}`;
  });
  return [statuses, contentText(route, schemas), told, ...refused].join('');
}

function contentText({ answer, events }: AdminRoute, schemas: Schemas): string {
  if (answer === 'nothing') return '';
  if (answer === 'download') return ' a file';
  if (answer !== 'event-stream') return ` ${typeText(schemas.of(answer))}`;
  return ` server-sent events${events === undefined ? '' : `, each ${typeText(schemas.of(events))}`}`;
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
  const either = schema.anyOf ?? schema.oneOf;
  if (either !== undefined) return either.map(fieldsText).join('\nor\n\n');
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
