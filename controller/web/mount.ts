import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { assert } from '../../proto/contract/assert.js';
import type { Caller } from '../usecases/access/caller.js';
import type { ScopedFleet } from '../usecases/access/scoped-fleet.js';
import type { RouteRight } from './access/right.js';
import type { Doors, RouteDeclaration, RouteTable } from './declare.js';
import { parseInput } from './parse.js';

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
        const handled = await handler({ ...input, caller, fleet: gate.fleetOf(caller), request, reply });
        return send(route, handled, reply);
      },
    });
  }
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

function send(route: RouteDeclaration, handled: unknown, reply: FastifyReply): FastifyReply {
  if (handled === ANSWERED) return reply;
  const { content, schema } = route.answer;
  if (content !== undefined) {
    if (!reply.hasHeader('content-type')) reply.type(`${content}; charset=utf-8`);
    return reply.send(handled);
  }
  reply.type('application/json; charset=utf-8');
  // What is not declared does not leave: the schema drops it.
  return reply.send(handled instanceof RenderedJson ? handled.text : JSON.stringify(schema.parse(handled)));
}
