import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { jsonSchema, referencePage } from '../../../config/docs/reference.js';
import { asType, settings, unwrapped } from '../../../config/schema/annotations.js';
import { rootType } from '../../../config/schema/root.js';
import { repository } from '../../support/paths.js';

const read = (name: string): string => readFileSync(join(repository, name), 'utf8');

test('the reference page is what the schema says (npm run docs)', () => {
  expect(read('docs/reference/configuration.md')).toBe(referencePage());
});

test('the JSON Schema is what the schema says (npm run docs)', () => {
  expect(read('config/docs/sluice.schema.json')).toBe(jsonSchema());
});

test('every setting has a description, and a default that it accepts', () => {
  const without: string[] = [];
  const walk = (schema: z.ZodType, path: string): void => {
    const inner = unwrapped(schema);
    if (inner instanceof z.ZodArray) return walk(asType(inner.element), `${path}[]`);
    if (!(inner instanceof z.ZodObject)) return;
    for (const [name, entry] of Object.entries(inner.shape)) {
      const child = asType(entry);
      const note = settings.get(child);
      const at = `${path}.${name}`;
      const isItem = /\.environmentVariables/.test(at);
      if (!isItem && (note === undefined || note.description === '')) without.push(at);
      if (note?.default !== undefined && !unwrapped(child).safeParse(note.default).success)
        without.push(`${at} default`);
      walk(child, at);
    }
  };
  walk(rootType, '');
  expect(without).toEqual([]);
});
