import { z } from 'zod';
import { RolloutAsk, RolloutBecome, RolloutList, RolloutView } from '../../../proto/contract/api/rollout.js';
import { declareRoute } from '../declare.js';
import { queryInteger } from '../parse.js';
import { AT_MS } from './examples.js';

const EXAMPLE: RolloutView = {
  id: '019a8f3e-0000-7000-8000-000000000003',
  name: 'bookworm-12',
  what: 'f'.repeat(64),
  state: 'running',
  wave: 0,
  why: '',
  actor: 'admin:kim',
  reason: 'security updates',
  startedAtMs: AT_MS,
  atMs: AT_MS,
  nodes: [
    { name: 'pi-01', wave: 0, state: 'running', detail: '', sinceMs: AT_MS },
    { name: 'pi-02', wave: 1, state: 'waiting', detail: '', sinceMs: AT_MS },
  ],
};

const Path = z.object({ id: z.uuid() });

/** Rollouts: an image or a node config for many nodes, in waves. */
export const ROLLOUT_ROUTES = {
  startRollout: declareRoute({
    method: 'POST',
    path: '/api/v1/rollouts',
    summary: 'Bring an image or a node config to many nodes, in waves that stop and go back by themselves',
    tag: 'provisioning',
    doors: 'both',
    body: RolloutAsk,
    answer: { status: 202, description: 'begun, or tried', schema: RolloutView, example: EXAMPLE },
    errors: [],
  }),
  listRollouts: declareRoute({
    method: 'GET',
    path: '/api/v1/rollouts',
    summary: 'Rollouts that are and were under way',
    tag: 'provisioning',
    doors: 'both',
    query: z.strictObject({ limit: queryInteger(1, 100).default(20) }),
    answer: { status: 200, description: 'newest first', schema: RolloutList, example: { rollouts: [EXAMPLE] } },
    errors: [],
  }),
  getRollout: declareRoute({
    method: 'GET',
    path: '/api/v1/rollouts/:id',
    summary: 'How far one is, node by node',
    tag: 'provisioning',
    doors: 'both',
    params: Path,
    answer: { status: 200, description: 'as it is now', schema: RolloutView, example: EXAMPLE },
    errors: ['not-found'],
  }),
  changeRollout: declareRoute({
    method: 'POST',
    path: '/api/v1/rollouts/:id/state',
    summary: 'Pause one, let it go on, or end it where it is',
    tag: 'provisioning',
    doors: 'both',
    params: Path,
    body: RolloutBecome,
    answer: { status: 200, description: 'as it is now', schema: RolloutView, example: EXAMPLE },
    errors: ['not-found', 'failed-precondition'],
  }),
} as const;
