import { siteId } from '../../../proto/contract/ids.js';
import type { Handlers } from '../mount.js';
import type { WebOptions } from '../options.js';
import type { ENROLLMENT_ROUTES } from '../table/enrollment.js';
import { actorOf } from './actor.js';

const LIST_MAX = 1_000;

export function enrollmentHandlers({ join }: WebOptions): Handlers<typeof ENROLLMENT_ROUTES> {
  return {
    async listEnrollments({ query, fleet }) {
      return { enrollments: [...(await fleet.enrollments(query.state, LIST_MAX))] };
    },
    approveEnrollment: ({ params, body: { name, reason }, request, fleet }) =>
      fleet.approveEnrollment(params.fingerprint, name, reason, actorOf(request)),
    rejectEnrollment: ({ params, body, request, fleet }) =>
      fleet.rejectEnrollment(params.fingerprint, body.reason, actorOf(request)),
    async listTokens({ fleet }) {
      return { tokens: [...(await fleet.tokens(LIST_MAX))] };
    },
    async createToken({ body, request, fleet }) {
      siteId(body.site);
      const { token, view } = await fleet.createToken(body, actorOf(request));
      return { ...join, keyId: view.keyId, token, expiresAtMs: view.expiresAtMs };
    },
    revokeToken: ({ params, request, fleet }) => fleet.revokeToken(params.keyId, actorOf(request)),
  };
}
