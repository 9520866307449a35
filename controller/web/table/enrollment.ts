import { z } from 'zod';
import { EnrollmentView, TokenView } from '../../../proto/contract/api/fleet.js';
import { EnrollmentList, TokenList } from '../../../proto/contract/api/lists.js';
import { EnrollmentApprove, Reason, TokenCreate, TokenCreated } from '../../../proto/contract/api/requests.js';
import { declareRoute } from '../declare.js';
import { cursorText, NodeWords, pageLimit } from '../lists.js';
import { AT_MS, NODE_ID } from './examples.js';

const FINGERPRINT = '3f0c'.repeat(16);
const FingerprintPath = z.object({
  fingerprint: z.string().regex(/^[0-9a-f]{64}$/, 'is not 64 lower-case hex digits'),
});
const TokenPath = z.object({ keyId: z.string().regex(/^[A-Za-z0-9]{1,16}$/, 'is not the key id of a token') });

const ENROLLMENT_EXAMPLE: EnrollmentView = {
  fingerprint: FINGERPRINT,
  words: 'acid-lamp-robin-sofa',
  site: 'cam',
  kind: 'pi',
  hostname: 'raspberrypi',
  model: 'Raspberry Pi 3 Model B Rev 1.2',
  serial: '00000000a1b2c3d4',
  state: 'pending',
  why: 'it waits for a person',
  firstAskedAtMs: AT_MS - 60_000,
  lastAskedAtMs: AT_MS,
};

const TOKEN_EXAMPLE: TokenView = {
  keyId: 'k7f3q2ab',
  site: 'cam',
  kind: 'pi',
  expiresAtMs: AT_MS + 86_400_000,
  uses: 1,
  usesLeft: 1,
  preApproved: false,
  createdBy: 'admin:kim',
  revoked: false,
};

export const ENROLLMENT_ROUTES = {
  listEnrollments: declareRoute({
    method: 'GET',
    path: '/api/v1/enrollments',
    summary: 'Who asked to join',
    tag: 'enrolment',
    doors: 'both',
    query: z.strictObject({
      state: z.enum(['pending', 'approved', 'rejected']).default('pending'),
      site: NodeWords.site,
      kind: NodeWords.kind,
      limit: pageLimit(1_000, 100),
      cursor: cursorText,
    }),
    answer: {
      status: 200,
      description: 'requests',
      schema: EnrollmentList,
      example: { enrollments: [ENROLLMENT_EXAMPLE] },
    },
    errors: [],
  }),
  approveEnrollment: declareRoute({
    method: 'POST',
    path: '/api/v1/enrollments/:fingerprint/approve',
    summary: 'Let a waiting node join',
    tag: 'enrolment',
    doors: 'both',
    params: FingerprintPath,
    body: EnrollmentApprove,
    answer: {
      status: 200,
      description: 'the request, approved',
      schema: EnrollmentView,
      example: { ...ENROLLMENT_EXAMPLE, state: 'approved', why: 'approved by admin:kim: ours', nodeId: NODE_ID },
    },
    errors: ['not-found', 'failed-precondition', 'already-exists'],
  }),
  rejectEnrollment: declareRoute({
    method: 'POST',
    path: '/api/v1/enrollments/:fingerprint/reject',
    summary: 'Send a waiting node away',
    tag: 'enrolment',
    doors: 'both',
    params: FingerprintPath,
    body: Reason,
    answer: {
      status: 200,
      description: 'the request, rejected',
      schema: EnrollmentView,
      example: { ...ENROLLMENT_EXAMPLE, state: 'rejected', why: 'rejected by admin:kim: not ours' },
    },
    errors: ['not-found', 'failed-precondition'],
  }),
  listTokens: declareRoute({
    method: 'GET',
    path: '/api/v1/tokens',
    summary: 'Join tokens, newest first, without their secrets',
    tag: 'enrolment',
    doors: 'both',
    query: z.strictObject({
      site: NodeWords.site,
      kind: NodeWords.kind,
      limit: pageLimit(1_000, 100),
      cursor: cursorText,
    }),
    answer: { status: 200, description: 'tokens', schema: TokenList, example: { tokens: [TOKEN_EXAMPLE] } },
    errors: [],
  }),
  createToken: declareRoute({
    method: 'POST',
    path: '/api/v1/tokens',
    summary: 'Make a join token; the answer is the only place that has its secret',
    tag: 'enrolment',
    doors: 'both',
    body: TokenCreate,
    answer: {
      status: 201,
      description: 'the token and what a node needs beside it',
      secret: true,
      schema: TokenCreated,
      example: {
        keyId: 'k7f3q2ab',
        token: 'bt1_k7f3q2ab_SECRET_CRC',
        spkiPin: 'ab'.repeat(32),
        enrollEndpoint: 'controller.example:7442',
        expiresAtMs: AT_MS + 86_400_000,
      },
    },
    errors: [],
  }),
  revokeToken: declareRoute({
    method: 'DELETE',
    path: '/api/v1/tokens/:keyId',
    summary: 'Make a token useless; nodes that joined with it stay',
    tag: 'enrolment',
    doors: 'both',
    params: TokenPath,
    answer: {
      status: 200,
      description: 'the token, revoked',
      schema: TokenView,
      example: { ...TOKEN_EXAMPLE, revoked: true },
    },
    errors: ['not-found'],
  }),
} as const;
