import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { assert } from '../../proto/contract/assert.js';
import type { Caller } from '../usecases/access/caller.js';
import type { ScopedFleet } from '../usecases/access/scoped-fleet.js';
import type { KeyedRequest } from '../usecases/idempotency.js';
import type { RouteRight } from './access/right.js';
import type { Doors, HttpMethod, RouteDeclaration, RouteTable } from './declare.js';
import { webError } from './errors.js';
import { isKnown, tagOf } from './etag.js';
import { keyedRequest } from './keyed-request.js';
import type { WebOptions } from './options.js';
import { parseInput } from './parse.js';

const JSON_TYPE = 'application/json; charset=utf-8';

/** What a handler works with: everything that the declaration names, parsed. */
export interface Call<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly caller: Caller;
  /** The part of the fleet that the caller may see and change. */
  readonly fleet: ScopedFleet;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** JSON that was rendered, and checked against its schema, before. */
export class RenderedJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** The handler has answered by itself: a stream, or "not modified". */
export const ANSWERED = Symbol('answered');

export type Handled<Answer> = Answer | RenderedJson | typeof ANSWERED;

export type Handler<Route> =
  Route extends RouteDeclaration<infer Params, infer Query, infer Body, infer Answer>
    ? (
        call: Call<z.output<Params>, z.output<Query>, z.output<Body>>,
      ) => Handled<z.input<Answer>> | Promise<Handled<z.input<Answer>>>
    : never;

/** A handler for each route of a table; one that is missing does not compile. */
export type Handlers<Table extends RouteTable> = { readonly [Name in keyof Table]: Handler<Table[Name]> };

/** Puts the routes of a table behind one door: parse by the declaration, work, check the answer by the declaration. */
export function mount<Table extends RouteTable>(
  app: FastifyInstance,
  door: 'page' | 'admin',
  table: Table,
  handlers: Handlers<Table>,
  gate: {
    /** A route without a right is not a route: it does not compile. */
    readonly rights: Readonly<Record<keyof Table, RouteRight>>;
    readonly fleetOf: (caller: Caller) => ScopedFleet;
    readonly idempotency: WebOptions['idempotency'];
  },
): void {
  for (const [name, route] of Object.entries(table)) {
    if (!hasRoute(door, route.doors)) continue;
    // The mapped type pairs each handler with its declaration; by name the compiler cannot follow it.
    const handler = handlers[name] as (call: Call<unknown, unknown, unknown>) => unknown;
    const right = gate.rights[name];
    assert(right !== undefined, `the route ${name} does not say who may use it`);
    app.route({
      method: route.method,
      url: route.path,
      config: { right },
      ...(route.answer.content === 'text/event-stream' ? { exposeHeadRoute: false } : {}),
      handler: async (request, reply) => {
        reply.status(route.answer.status);
        const { caller } = request;
        const input = inputOf(route, request);
        const work = () => handler({ ...input, caller, fleet: gate.fleetOf(caller), request, reply });
        const keyed = route.unkeyed === true ? undefined : keyedRequest(request);
        if (keyed === undefined) return send(route, await work(), { request, reply });
        return await answerOnce(gate.idempotency, keyed, { route, work, request, reply });
      },
    });
  }
}

/** Methods that a path has behind this door; empty when the path is not there at all. */
export function methodsAt(table: RouteTable, door: 'page' | 'admin', url: string): readonly HttpMethod[] {
  const path = url.split('?', 1)[0] ?? '';
  const parts = path.split('/');
  const matches = (route: RouteDeclaration): boolean => {
    const wanted = route.path.split('/');
    return wanted.length === parts.length && wanted.every((part, n) => part.startsWith(':') || part === parts[n]);
  };
  const found = Object.values(table).filter((route) => hasRoute(door, route.doors) && matches(route));
  return [...new Set(found.map(({ method }) => method))].sort();
}

function hasRoute(door: 'page' | 'admin', doors: Doors): boolean {
  return door === 'admin' || doors === 'both';
}

function inputOf(route: RouteDeclaration, { params, query, body }: FastifyRequest) {
  return {
    params: route.params === undefined ? undefined : parseInput(route.params, params),
    query: route.query === undefined ? undefined : parseInput(route.query, query),
    body: route.body === undefined ? undefined : parseInput(route.body, body),
  };
}

/** The change is done once for its key, and answered as often as it is asked. */
async function answerOnce(
  idempotency: WebOptions['idempotency'],
  keyed: KeyedRequest,
  on: {
    readonly route: RouteDeclaration;
    readonly work: () => unknown;
    readonly request: FastifyRequest;
    readonly reply: FastifyReply;
  },
): Promise<FastifyReply> {
  const { route, work, reply } = on;
  const before = await idempotency.begin(keyed);
  if (before !== undefined) {
    reply.header('idempotent-replay', 'true').type(JSON_TYPE);
    return reply.status(before.status).send(before.text);
  }
  let text: string;
  try {
    text = render(route, await work());
  } catch (thrown) {
    await idempotency.fail(keyed, webError(thrown));
    throw thrown;
  }
  await idempotency.finish(keyed, { status: reply.statusCode, text: route.answer.secret === true ? '' : text });
  return sendText(route, text, on);
}

function send(
  route: RouteDeclaration,
  handled: unknown,
  on: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): FastifyReply {
  const { reply } = on;
  if (handled === ANSWERED) return reply;
  const { content } = route.answer;
  if (content === undefined) return sendText(route, render(route, handled), on);
  if (!reply.hasHeader('content-type')) reply.type(`${content}; charset=utf-8`);
  return reply.send(handled);
}

/** What is not declared does not leave: the schema drops it. */
function render({ answer }: RouteDeclaration, handled: unknown): string {
  return handled instanceof RenderedJson ? handled.text : JSON.stringify(answer.schema.parse(handled));
}

function sendText(
  { answer }: RouteDeclaration,
  text: string,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): FastifyReply {
  reply.type(JSON_TYPE);
  if (answer.tagged === true && isKnown(request, reply, tagOf(text, revisionOf(text)))) return notModified(reply);
  return reply.send(text);
}

export function notModified(reply: FastifyReply): FastifyReply {
  return reply.removeHeader('content-type').status(304).send();
}

function revisionOf(text: string): number | undefined {
  const body: unknown = JSON.parse(text);
  const revision = typeof body === 'object' && body !== null && 'revision' in body ? body.revision : undefined;
  return typeof revision === 'number' ? revision : undefined;
}
