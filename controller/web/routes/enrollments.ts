import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { EnrollmentView } from '../../../proto/contract/api/fleet.js';
import { EnrollmentList } from '../../../proto/contract/api/lists.js';
import { EnrollmentApprove, Reason } from '../../../proto/contract/api/requests.js';
import type { WebOptions } from '../options.js';
import { parseInput } from '../parse.js';
import { actorOf } from './actor.js';

const Path = z.object({ fingerprint: z.string().regex(/^[0-9a-f]{64}$/, 'is not 64 lower-case hex digits') });
const Query = z.strictObject({ state: z.enum(['pending', 'approved', 'rejected']).default('pending') });
const ENROLLMENTS_MAX = 1_000;

export function enrollmentRoutes(app: FastifyInstance, { fleet }: WebOptions): void {
  app.get('/api/v1/enrollments', async ({ query }) => {
    const { state } = parseInput(Query, query);
    return EnrollmentList.parse({ enrollments: await fleet.enrollments(state, ENROLLMENTS_MAX) });
  });

  app.post('/api/v1/enrollments/:fingerprint/approve', async (request) => {
    const { fingerprint } = parseInput(Path, request.params);
    const { name, reason } = parseInput(EnrollmentApprove, request.body);
    return EnrollmentView.parse(await fleet.approveEnrollment(fingerprint, name, reason, actorOf(request)));
  });

  app.post('/api/v1/enrollments/:fingerprint/reject', async (request) => {
    const { fingerprint } = parseInput(Path, request.params);
    const { reason } = parseInput(Reason, request.body);
    return EnrollmentView.parse(await fleet.rejectEnrollment(fingerprint, reason, actorOf(request)));
  });
}
