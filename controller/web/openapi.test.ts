import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { RouteDeclaration } from './declare.js';
import { makeDocument, pathOf } from './openapi.js';
import { startWebServer } from './server.js';
import { ROUTES } from './table/index.js';
import { webOptions } from './testing/fixtures.js';
import { ask } from './testing/http.js';

const routes: readonly (readonly [string, RouteDeclaration])[] = Object.entries(ROUTES);
const document = makeDocument();

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly requestBody?: { readonly content: Record<string, unknown> };
  readonly responses: Record<string, { readonly description: string; readonly content: Record<string, unknown> }>;
}

/** [path, method, operation] */
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => [path, method, operation as Operation] as const),
);

/** Every value of a key anywhere in a document. */
function allOf(key: string, value: unknown): readonly unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  const parts: readonly (readonly [string, unknown])[] = Object.entries(value);
  return parts.flatMap(([name, part]) => [...(name === key ? [part] : []), ...allOf(key, part)]);
}

test.for(routes)('%s is in the document, once, under its path and method', ([name, route]) => {
  const found = operations.filter(([, , { operationId }]) => operationId === name);
  expect(found.map(([path, method]) => [path, method])).toEqual([[pathOf(route), route.method.toLowerCase()]]);
});

test.for(routes)('%s: its example is an answer that its schema takes, and loses nothing by it', ([, { answer }]) => {
  expect(answer.schema.parse(answer.example)).toEqual(answer.example);
});

test('the document has no operation that is no route', () => {
  expect(operations).toHaveLength(routes.length);
});

test('it obeys the rules of OpenAPI 3.1 for what it uses', () => {
  expect(document.openapi).toMatch(/^3\.1\.\d+$/);
  expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
  for (const [path, method, operation] of operations) {
    const where = `${method} ${path}`;
    expect(path, where).toMatch(/^\//);
    expect(['get', 'put', 'post', 'delete', 'patch'], where).toContain(method);
    expect(operation.summary.length, where).toBeGreaterThan(3);
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const declared = (operation.parameters ?? []).filter((one) => one.in === 'path');
    expect(declared.map(({ name }) => name).sort(), where).toEqual(inPath.sort());
    expect(
      declared.every(({ required }) => required),
      where,
    ).toBe(true);
    const names = (operation.parameters ?? []).map((one) => `${one.in} ${one.name}`);
    expect(new Set(names).size, where).toBe(names.length);
    expect(Object.keys(operation.responses).length, where).toBeGreaterThan(1);
    for (const [status, response] of Object.entries(operation.responses)) {
      expect(status, where).toMatch(/^[1-5]\d\d$/);
      expect(response.description, where).not.toBe('');
    }
    if (method === 'get') expect(operation.requestBody, where).toBeUndefined();
  }
});

test('every reference leads somewhere, and every schema is one of JSON Schema 2020-12', () => {
  const { schemas } = document.components;
  const references = allOf('$ref', document);
  expect(references.length).toBeGreaterThan(routes.length);
  for (const reference of references) {
    expect(Object.keys(schemas)).toContain(String(reference).replace('#/components/schemas/', ''));
  }
  const types = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'];
  for (const type of allOf('type', schemas)) if (typeof type === 'string') expect(types).toContain(type);
  for (const required of allOf('required', schemas)) expect(required).toEqual(expect.any(Array));
  for (const pattern of allOf('pattern', schemas)) expect(() => new RegExp(String(pattern))).not.toThrow();
});

test('bodies tell what may be left out, answers do not forbid what later releases add', () => {
  const { schemas } = document.components;
  expect(schemas['TokenCreate']).toMatchObject({ required: ['site', 'kind'], additionalProperties: false });
  expect(schemas['NodeView']).not.toHaveProperty('additionalProperties');
  const event = schemas['EventView'] as { readonly required: readonly string[] };
  expect(event.required).toContain('message');
  expect(event.required).not.toContain('nodeName');
});

test('nothing but the table makes routes, except the files of the page', () => {
  const here = fileURLToPath(new URL('.', import.meta.url));
  const files = readdirSync(here, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const makers = files.filter((name) => {
    const isTest = name.endsWith('.test.ts') || name.startsWith('testing/');
    return !isTest && /\bapp\.(get|post|put|patch|delete|all|route)\(/.test(readFileSync(join(here, name), 'utf8'));
  });
  expect(makers.sort()).toEqual(['mount.ts', 'routes/page.ts']);
});

test('the running controller serves it, and has every operation of it', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'bramble-openapi-'));
  const options = webOptions(join(dir, 'admin.sock'));
  const server = await startWebServer(options);
  try {
    const port = Number(new URL(server.url).port);
    const served = await ask({ host: '127.0.0.1', port, path: '/api/v1/openapi.json' });
    expect(served.json()).toEqual(JSON.parse(JSON.stringify(document)));
    for (const [path, method] of operations) {
      if (path.endsWith('/stream')) continue; // it would not end
      const at = path.replaceAll(/\{\w+\}/g, 'x');
      const answer = await ask({ socketPath: options.adminSocket, method: method.toUpperCase(), path: at });
      expect(answer.text, `${method} ${path}`).not.toContain('nothing is at');
    }
  } finally {
    await server.close();
    await rm(dir, { recursive: true, force: true });
  }
});
