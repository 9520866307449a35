import type { z } from 'zod';
import type { ErrorCode } from '../../proto/contract/errors.js';

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Which door has the route: `both`, or the administrator's socket alone. */
export type Doors = 'both' | 'admin';

/** What a route answers when all goes well. */
export interface AnswerDeclaration<Schema extends z.ZodType> {
  readonly status: 200 | 201 | 202;
  readonly description: string;
  /** A named schema (openapi.ts) when the content is JSON; a string for every other content. */
  readonly schema: Schema;
  readonly example: z.output<Schema>;
  /** application/json when absent. */
  readonly content?: 'text/plain' | 'text/event-stream' | 'application/gzip';
  /** It has a secret that is shown once, so it is not kept for a second asking. */
  readonly secret?: boolean;
  /** It has an ETag of its content (etag.ts), and a GET knows 304. */
  readonly tagged?: boolean;
  /** Other answers with the same body, by status: 503 of /readyz, say. */
  readonly also?: Readonly<Record<number, string>>;
}

/**
 * One route, said once: the server routes and validates by it, the OpenAPI document is made of it, and the tables of
 * rights are too. Everything about a route that is not its work belongs here.
 */
export interface RouteDeclaration<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Answer extends z.ZodType = z.ZodType,
> {
  readonly method: HttpMethod;
  /** With parameters as fastify writes them: /api/v1/nodes/:id */
  readonly path: `/${string}`;
  /** One line for people who look for a route. */
  readonly summary: string;
  readonly tag: string;
  readonly doors: Doors;
  readonly params?: Params;
  readonly query?: Query;
  /** Absent: a body is neither needed nor looked at. */
  readonly body?: Body;
  /** Idempotency-Key is not looked at: what is asked has a secret, of which not even a hash is kept. */
  readonly unkeyed?: boolean;
  /** If-Match counts: changed meanwhile is 412. */
  readonly conditional?: boolean;
  readonly answer: AnswerDeclaration<Answer>;
  /** Codes of refusals that are this route's own; those that every route has are added by the document. */
  readonly errors: readonly ErrorCode[];
}

export type RouteTable = Readonly<Record<string, RouteDeclaration>>;

/** What is absent from a declaration is `undefined` for its handler. */
type Absent = z.ZodUndefined;

/** Keeps the types of the schemas, so that the handler of the route is checked against them. */
export function declareRoute<
  Params extends z.ZodType = Absent,
  Query extends z.ZodType = Absent,
  Body extends z.ZodType = Absent,
  Answer extends z.ZodType = Absent,
>(declaration: RouteDeclaration<Params, Query, Body, Answer>): RouteDeclaration<Params, Query, Body, Answer> {
  return declaration;
}
