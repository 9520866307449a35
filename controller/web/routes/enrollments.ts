import { z } from 'zod';
import { siteId } from '../../../proto/contract/ids.js';
import { Cursors } from '../lists.js';
import type { Handlers } from '../mount.js';
import type { WebOptions } from '../options.js';
import type { ENROLLMENT_ROUTES } from '../table/enrollment.js';
import { actorOf } from './actor.js';

const EnrollmentPlace = z.object({ firstAskedAtMs: z.number(), spkiSha256: z.string() });
const TokenPlace = z.object({ createdAtMs: z.number(), keyId: z.string() });

export function enrollmentHandlers({ join }: WebOptions): Handlers<typeof ENROLLMENT_ROUTES> {
  return {
    async listEnrollments({ query: { cursor, ...query }, request, fleet }) {
      const cursors = new Cursors(request, EnrollmentPlace);
      const { items, next } = await fleet.enrollments({ ...query, after: cursors.after(cursor) });
      return { enrollments: [...items], ...cursors.next(next) };
    },
    approveEnrollment: ({ params, body: { name, reason }, request, fleet }) =>
      fleet.approveEnrollment(params.fingerprint, name, reason, actorOf(request)),
    rejectEnrollment: ({ params, body, request, fleet }) =>
      fleet.rejectEnrollment(params.fingerprint, body.reason, actorOf(request)),
    async listTokens({ query: { cursor, ...query }, request, fleet }) {
      const cursors = new Cursors(request, TokenPlace);
      const { items, next } = await fleet.tokens({ ...query, after: cursors.after(cursor) });
      return { tokens: [...items], ...cursors.next(next) };
    },
    async createToken({ body, request, fleet }) {
      siteId(body.site);
      const { token, view } = await fleet.createToken(body, actorOf(request));
      return { ...join, keyId: view.keyId, token, expiresAtMs: view.expiresAtMs };
    },
    revokeToken: ({ params, request, fleet }) => fleet.revokeToken(params.keyId, actorOf(request)),
  };
}
