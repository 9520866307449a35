import { z } from 'zod';
import { AuditList, AuditVerdict, type AuditView } from '../../../proto/contract/api/audit.js';
import { declareRoute } from '../declare.js';
import { queryInteger } from '../parse.js';
import { AT_MS, NODE_ID } from './examples.js';
import { TIME_MS_MAX } from './nodes.js';

const AUDIT_EXAMPLE: AuditView = {
  sequence: 7,
  atMs: AT_MS,
  actor: 'user:kim',
  role: 'site-admin@cam',
  source: 'page 192.0.2.7',
  action: 'node.revoke',
  target: NODE_ID,
  site: 'cam',
  outcome: 'done',
  requestId: 'r-0011223344556677',
  details: { reason: 'stolen' },
  hash: '5e'.repeat(32),
};

export const AUDIT_ROUTES = {
  listAudit: declareRoute({
    method: 'GET',
    path: '/api/v1/audit',
    summary: 'Who did what, newest first; reading it is recorded too',
    tag: 'audit',
    doors: 'both',
    query: z.strictObject({
      limit: queryInteger(1, 1_000).default(100),
      beforeSequence: queryInteger(1, Number.MAX_SAFE_INTEGER).optional(),
      actor: z.string().max(100).optional(),
      action: z.string().max(100).optional(),
      sinceMs: queryInteger(0, TIME_MS_MAX).optional(),
    }),
    answer: { status: 200, description: 'records', schema: AuditList, example: { records: [AUDIT_EXAMPLE] } },
    errors: ['permission-denied'],
  }),
  verifyAudit: declareRoute({
    method: 'GET',
    path: '/api/v1/audit/verify',
    summary: 'Check every record of the log, and compare it with what agents remember of it',
    tag: 'audit',
    doors: 'both',
    answer: {
      status: 200,
      description: 'what was found',
      schema: AuditVerdict,
      example: {
        ...{ intact: true, recordsCount: 7, head: { sequence: 7, hash: '5e'.repeat(32) } },
        ...{ agentsAsked: 3, faults: [] },
      },
    },
    errors: ['permission-denied'],
  }),
} as const;
