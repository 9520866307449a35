import { z } from 'zod';
import * as access from '../../proto/contract/api/access.js';
import * as audit from '../../proto/contract/api/audit.js';
import * as backup from '../../proto/contract/api/backup.js';
import * as batch from '../../proto/contract/api/batch.js';
import * as boot from '../../proto/contract/api/boot.js';
import * as doctor from '../../proto/contract/api/doctor.js';
import * as fleet from '../../proto/contract/api/fleet.js';
import * as healing from '../../proto/contract/api/healing.js';
import * as images from '../../proto/contract/api/images.js';
import * as incidents from '../../proto/contract/api/incidents.js';
import * as lists from '../../proto/contract/api/lists.js';
import * as nodeConfig from '../../proto/contract/api/node-config.js';
import * as overlay from '../../proto/contract/api/overlay.js';
import * as provisioning from '../../proto/contract/api/provisioning.js';
import * as requests from '../../proto/contract/api/requests.js';
import * as rollout from '../../proto/contract/api/rollout.js';
import * as switches from '../../proto/contract/api/switch.js';
import * as topology from '../../proto/contract/api/topology.js';
import { assert } from '../../proto/contract/assert.js';
import { VERSION } from '../../proto/contract/build.js';
import type { ErrorCode } from '../../proto/contract/errors.js';
import type { RouteDeclaration, RouteTable } from './declare.js';
import { HTTP_STATUS } from './errors.js';
import { ROUTES } from './table/index.js';
import { OpenApiDocument } from './table/probes.js';

/** The HTTP API as an OpenAPI 3.1 document, made of the very schemas that requests and answers are checked by. */

type Json = Readonly<Record<string, unknown>>;

const REFERENCE = '#/components/schemas/';
/** Bodies are documented as clients write them (what has a default may be left out), answers as clients read them. */
type Side = 'input' | 'output';

/** Refusals that any route may give: a bug, and a controller that is closing. */
const EVERYWHERE: readonly ErrorCode[] = ['internal', 'unavailable'];

export interface Document {
  readonly openapi: string;
  readonly info: Json;
  readonly paths: Readonly<Record<string, Json>>;
  readonly components: { readonly schemas: Readonly<Record<string, Json>> };
}

export function makeDocument(routes: RouteTable = ROUTES): Document {
  const names = namesOfSchemas();
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [operationId, route] of Object.entries(routes)) {
    const path = pathOf(route);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(operationId, route, names) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Bramble controller',
      version: VERSION,
      description: 'Times are milliseconds since 1970-01-01 UTC. Every refusal has the one ErrorEnvelope.',
    },
    paths,
    components: { schemas: { ...schemasOf(names, routes, 'input'), ...schemasOf(names, routes, 'output') } },
  };
}

/** /api/v1/nodes/:id -> /api/v1/nodes/{id} */
export function pathOf({ path }: Pick<RouteDeclaration, 'path'>): string {
  return path.replaceAll(/:(\w+)/g, '{$1}');
}

/** Names as the contract exports them. */
function namesOfSchemas(): ReadonlyMap<z.ZodType, string> {
  const modules = {
    ...access,
    ...audit,
    ...backup,
    ...batch,
    ...boot,
    ...doctor,
    ...fleet,
    ...healing,
    ...images,
    ...incidents,
    ...lists,
    ...nodeConfig,
    ...overlay,
    ...provisioning,
    ...rollout,
    ...requests,
    ...switches,
    ...topology,
  };
  const exported = Object.entries({ ...modules, OpenApiDocument });
  return new Map(exported.flatMap(([name, schema]) => (schema instanceof z.ZodType ? [[schema, name] as const] : [])));
}

function schemasOf(names: ReadonlyMap<z.ZodType, string>, routes: RouteTable, io: Side): Record<string, Json> {
  const wanted = new Set<z.ZodType>(io === 'output' ? [requests.ErrorEnvelope] : []);
  for (const { body, answer } of Object.values(routes)) {
    if (io === 'input' && body !== undefined) wanted.add(body);
    if (io === 'output' && answer.content === undefined) wanted.add(answer.schema);
  }
  const registry = z.registry<{ id: string }>();
  for (const [schema, id] of names) if (io === 'output' || wanted.has(schema)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { io, unrepresentable: 'any', uri: (id) => `${REFERENCE}${id}` });
  const kept = reachable(
    [...wanted].map((schema) => nameOf(names, schema)),
    schemas,
  );
  return Object.fromEntries(kept.map((name) => [name, tidy(schemas[name], io)]));
}

/** Names of the schemas that these refer to, themselves included. */
function reachable(from: readonly string[], schemas: Readonly<Record<string, unknown>>): readonly string[] {
  const seen = new Set<string>();
  const visit = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    for (const [, next = ''] of JSON.stringify(schemas[name]).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)) {
      visit(next);
    }
  };
  for (const name of from) visit(name);
  return [...seen].sort();
}

function nameOf(names: ReadonlyMap<z.ZodType, string>, schema: z.ZodType): string {
  const name = names.get(schema);
  assert(name !== undefined, 'a body or an answer has a schema that proto/contract/api exports under a name');
  return name;
}

/** The document says its dialect once. Answers may get more fields in later releases, so no answer forbids them. */
function tidy(schema: unknown, io: Side): Json {
  const text = JSON.stringify(schema, (key, value: unknown) => {
    if (key === '$schema' || key === '$id') return undefined;
    if (io === 'output' && key === 'additionalProperties' && value === false) return undefined;
    return value;
  });
  return JSON.parse(text) as Json; // it was an object before
}

function operation(operationId: string, route: RouteDeclaration, names: ReadonlyMap<z.ZodType, string>): Json {
  const parameters = [
    ...parametersOf(route.params, 'path'),
    ...parametersOf(route.query, 'query'),
    ...headersOf(route),
  ];
  return {
    operationId,
    summary: route.summary,
    tags: [route.tag],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined ? {} : { requestBody: { required: true, content: jsonOf(names, route.body) } }),
    responses: { ...answersOf(route, names), ...refusalsOf(route) },
  };
}

function parametersOf(schema: z.ZodType | undefined, where: 'path' | 'query'): readonly Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input' });
  return Object.entries(properties).map(([name, property]) => {
    assert(typeof property === 'object', 'a parameter has a schema');
    const { description, pattern, ...rest } = property;
    // The text of a number has a pattern, the number itself has none.
    const form = rest.type === 'integer' || pattern === undefined ? rest : { ...rest, pattern };
    return {
      name,
      in: where,
      required: where === 'path' || required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema: form,
    };
  });
}

function headersOf({ method, conditional, unkeyed, answer }: RouteDeclaration): readonly Json[] {
  const text = (name: string, description: string): Json => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string' },
  });
  return [
    ...(answer.tagged === true && method === 'GET' ? [text('If-None-Match', 'answer 304 when the ETag is this')] : []),
    ...(conditional === true ? [text('If-Match', 'ETag as it was seen; changed since by somebody is 412')] : []),
    ...(method === 'GET' || unkeyed === true
      ? []
      : [text('Idempotency-Key', 'a word of your choice: asked again, it is not done twice')]),
  ];
}

function jsonOf(names: ReadonlyMap<z.ZodType, string>, schema: z.ZodType): Json {
  return { 'application/json': { schema: { $ref: `${REFERENCE}${nameOf(names, schema)}` } } };
}

function answersOf({ answer }: RouteDeclaration, names: ReadonlyMap<z.ZodType, string>): Json {
  const { status, description, content: type, schema, example } = answer;
  const content =
    type === undefined
      ? { 'application/json': { schema: { $ref: `${REFERENCE}${nameOf(names, schema)}` }, example } }
      : { [type]: { schema: { type: 'string' }, example } };
  const notModified: Json = answer.tagged === true ? { 304: { description: 'not modified' } } : {};
  const others = Object.entries(answer.also ?? {}).map(([other, text]): readonly [string, Json] => [
    other,
    other === '304' ? { description: text } : { description: text, content },
  ]);
  return { [status]: { description, content }, ...notModified, ...Object.fromEntries(others) };
}

function refusalsOf({ params, query, body, errors, answer, conditional }: RouteDeclaration): Json {
  const asks = params !== undefined || query !== undefined || body !== undefined;
  const codes: readonly ErrorCode[] = [...(asks ? ['invalid-argument' as const] : []), ...errors, ...EVERYWHERE];
  const byStatus = new Map<number, string>();
  for (const code of new Set(codes)) {
    const before = byStatus.get(HTTP_STATUS[code]);
    byStatus.set(HTTP_STATUS[code], before === undefined ? code : `${before}, ${code}`);
  }
  if (conditional === true) byStatus.set(412, 'failed-precondition: changed meanwhile');
  if (body !== undefined) {
    byStatus.set(413, 'resource-exhausted: the body is larger than 1 MiB');
    byStatus.set(415, 'invalid-argument: the body is not JSON');
  }
  const content = { 'application/json': { schema: { $ref: `${REFERENCE}ErrorEnvelope` } } };
  const taken = new Set(Object.keys(answer.also ?? {}));
  const refusals = [...byStatus].filter(([status]) => !taken.has(String(status)));
  return Object.fromEntries(refusals.map(([status, text]) => [status, { description: text, content }]));
}
