import type { FastifyRequest } from 'fastify';
import type { BrambleError } from '../../../proto/contract/errors.js';
import type { Caller } from '../../usecases/access/caller.js';
import type { AuditTrail } from '../../usecases/audit/trail.js';

/** A refusal of somebody known is written down: they may not, or what they asked for could not be done. */
export function noteRefusal(trail: AuditTrail, request: FastifyRequest, error: BrambleError): void {
  const { method, routeOptions } = request;
  const { caller }: { readonly caller?: Caller } = request;
  if (caller === undefined) return; // refused before anybody looked who it is
  const isDenied = error.code === 'permission-denied';
  const isChange = method !== 'GET' && method !== 'HEAD';
  const isKnown = caller.principal.kind !== 'anonymous';
  if (!isDenied && !(isChange && isKnown)) return;
  trail.sampled({
    actor: caller.actor,
    action: 'request',
    target: `${method} ${routeOptions.url ?? '(no route)'}`,
    site: undefined,
    outcome: isDenied ? 'denied' : 'failed',
    details: { code: error.code },
  });
}
