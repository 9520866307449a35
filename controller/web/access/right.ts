import type { Permission } from '../../domain/access/permission.js';
import type { Caller } from '../../usecases/access/caller.js';
import type { SignedIn } from '../../usecases/access/sessions.js';

/**
 * What a route wants of its caller: nothing, to be somebody, or a permission, which the use case then judges for the very
 * node or site; `metrics` is a permission, and open to this machine when the configuration says so.
 */
export type RouteRight = 'public' | 'signed-in' | 'metrics' | Permission;

declare module 'fastify' {
  interface FastifyContextConfig {
    right?: RouteRight;
  }
  interface FastifyRequest {
    /** Who asks; set before any handler runs. */
    caller: Caller;
    /** The browser's session, when it is by that that the caller was let in. */
    session: SignedIn | undefined;
  }
}
