/** The reference page and the JSON Schema, both from the schema entries and nothing else. */
import { z } from 'zod';
import { type Acts, asType, type SettingNote, settings, unwrapped } from '../schema/annotations.js';
import { rootSchema, rootType } from '../schema/root.js';

interface Row {
  readonly path: string;
  readonly type: string;
  readonly note: SettingNote;
}

const actsNote: Readonly<Record<Acts, string>> = {
  yes: '',
  'not-yet': ' **Does not act yet.**',
  'not-here': ' **No effect on Linux.**',
};

const intro = `# Configuration reference

Generated from \`config/schema\` by \`npm run docs\`; do not edit.

Keys and their nesting are those of IIS. A value of a pool, site or application goes before
\`applicationPoolDefaults\`, \`siteDefaults\` and \`applicationDefaults\`, and those before the defaults below.
Unknown keys are errors. A setting that does not act yet, or has no effect on Linux, gives one warning when it is set to
anything but its default.

*Takes effect*: **live** - at once; **recycle** - workers are replaced, without losing requests; **restart** - at the next
start of Sluice.

Values: \`\${NAME}\`, \`\${NAME:-default}\` and \`\${file:path}\` are replaced (what a file holds is secret); \`$\${\` is a
literal \`\${\`. Time spans are written \`hh:mm:ss\` or \`d.hh:mm:ss\`. Sizes in bytes may be written \`256MB\` (powers of 1024).
`;

export function referencePage(): string {
  const sections = new Map<string, Row[]>();
  for (const row of rows(rootType, '')) {
    const section = sectionOf(row.path);
    sections.set(section, [...(sections.get(section) ?? []), row]);
  }
  const parts = [intro];
  for (const [section, found] of sections) {
    parts.push(`## ${section === '' ? 'Top level' : `\`${section}\``}\n`);
    parts.push('| Setting | Type | Default | Takes effect | Meaning |', '| --- | --- | --- | --- | --- |');
    for (const row of found) parts.push(tableRow(row, section));
    parts.push('');
  }
  return `${parts.join('\n').trimEnd()}\n`;
}

/** The parts of the document that have a table of their own. */
function sectionOf(path: string): string {
  const parts = path.split('.');
  const own = ['applicationPools[]', 'sites[].applications[].hosting', 'sites[].applications[]', 'sites[]'];
  const found = own.find((start) => path.startsWith(`${start}.`));
  if (found === 'applicationPools[]' && parts.length > 2) return parts.slice(0, 2).join('.');
  return found ?? (parts.length > 1 ? (parts[0] ?? '') : '');
}

function* rows(schema: z.ZodType, path: string): Generator<Row> {
  const inner = unwrapped(schema);
  const object = inner instanceof z.ZodArray ? unwrapped(asType(inner.element)) : inner;
  if (!(object instanceof z.ZodObject)) return;
  const base = inner instanceof z.ZodArray ? `${path}[]` : path;
  for (const [name, entry] of Object.entries(object.shape)) {
    const child = asType(entry);
    const note = settings.get(child);
    const full = base === '' ? name : `${base}.${name}`;
    if (note !== undefined && !hasTable(child)) yield { path: full, type: typeName(child), note };
    // The defaults have the same entries as what they are the defaults of.
    if (name.endsWith('Defaults')) continue;
    yield* rows(child, full);
  }
}

/** A map of settings has no row of its own: its entries have. */
function hasTable(schema: z.ZodType): boolean {
  return (
    unwrapped(schema) instanceof z.ZodObject &&
    settings.get(schema)?.description.includes('does not set its own') !== true
  );
}

/** For people: `true, false`, `1 to 65535`, `time span`. */
export function typeName(schema: z.ZodType): string {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodEnum) return inner.options.map((value) => `\`${String(value)}\``).join(', ');
  if (inner instanceof z.ZodBoolean) return 'true, false';
  if (inner instanceof z.ZodArray) return 'list';
  if (inner instanceof z.ZodNumber) return range(inner);
  if (inner instanceof z.ZodUnion) return inner.options.map((option) => typeName(asType(option))).join(' or ');
  if (inner instanceof z.ZodRecord || inner instanceof z.ZodObject) return 'map';
  if (inner instanceof z.ZodPipe)
    return settings.get(schema)?.unit === 'hh:mm:ss' ? 'time span' : typeName(asType(inner.in));
  return 'text';
}

function range(schema: z.ZodNumber): string {
  const { minValue, maxValue } = schema;
  const shown = (value: number | null): string =>
    value === null || Math.abs(value) >= 2 ** 53 - 1 ? '' : String(value);
  return shown(maxValue) === '' ? 'number' : `${shown(minValue)} to ${shown(maxValue)}`;
}

function tableRow(row: Row, section: string): string {
  const { note } = row;
  const name = section === '' ? row.path : row.path.slice(section.length + 1);
  const value = note.default === undefined ? '' : `\`${JSON.stringify(note.default).replaceAll('"', '')}\``;
  const unit = note.unit === '' || note.unit === 'hh:mm:ss' ? '' : ` (${note.unit})`;
  const secret = note.secret ? ' Secret.' : '';
  const cells = [
    `\`${name}\``,
    `${row.type}${unit}`,
    value,
    note.reload,
    `${note.description}${secret}${actsNote[note.acts]}`,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** For editors: `# yaml-language-server: $schema=...`. */
export function jsonSchema(): string {
  const schema = z.toJSONSchema(rootSchema, {
    io: 'input',
    target: 'draft-07',
    metadata: settings,
    override: ({ jsonSchema: part }) => {
      for (const key of ['reload', 'unit', 'acts', 'secret']) delete part[key];
      // zod writes the limits of JavaScript's numbers where the schema has none.
      if (part.maximum === Number.MAX_SAFE_INTEGER) delete part.maximum;
      if (part.minimum === Number.MIN_SAFE_INTEGER) delete part.minimum;
    },
  });
  return `${JSON.stringify({ ...schema, title: 'Sluice configuration' }, null, 2)}\n`;
}
