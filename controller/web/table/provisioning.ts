import { z } from 'zod';
import {
  ProvisioningAbort,
  ProvisioningAsk,
  ProvisioningList,
  ProvisioningView,
} from '../../../proto/contract/api/provisioning.js';
import { declareRoute } from '../declare.js';
import { queryInteger } from '../parse.js';
import { AT_MS } from './examples.js';

const EXAMPLE: ProvisioningView = {
  id: '019a8f3e-0000-7000-8000-000000000002',
  kind: 'reimage',
  node: 'pi-07',
  site: 'cam',
  fileserver: 'cam-fs1',
  board: 'a1b2c3d4',
  image: 'f'.repeat(64),
  direction: 'forward',
  state: 'running',
  why: '',
  actor: 'admin:kim',
  reason: 'new release',
  startedAtMs: AT_MS,
  atMs: AT_MS + 60_000,
  steps: [
    {
      name: 'prepare-root',
      title: 'prepare a root',
      state: 'done',
      attempt: 0,
      detail: 'generation 4 of board a1b2c3d4 prepared',
      startedAtMs: AT_MS,
      endedAtMs: AT_MS + 58_000,
    },
    { name: 'drain', title: 'move work away', state: 'running', attempt: 1, detail: '', startedAtMs: AT_MS + 60_000 },
  ],
};

const Path = z.object({ id: z.uuid() });

/** Provisioning: nodes that are made, made anew, moved and given back, in steps that can be followed. */
export const PROVISIONING_ROUTES = {
  startProvisioning: declareRoute({
    method: 'POST',
    path: '/api/v1/provisioning',
    summary: 'Provision, reimage, roll back, release, rescue or move a node',
    tag: 'provisioning',
    doors: 'both',
    body: ProvisioningAsk,
    answer: { status: 202, description: 'begun, or tried', schema: ProvisioningView, example: EXAMPLE },
    errors: ['not-found', 'failed-precondition', 'already-exists'],
  }),
  listProvisioning: declareRoute({
    method: 'GET',
    path: '/api/v1/provisioning',
    summary: 'What is and was under way, of all nodes or of one',
    tag: 'provisioning',
    doors: 'both',
    query: z.strictObject({ node: z.string().max(255).optional(), limit: queryInteger(1, 500).default(20) }),
    answer: {
      status: 200,
      description: 'newest first',
      schema: ProvisioningList,
      example: { provisionings: [EXAMPLE] },
    },
    errors: [],
  }),
  getProvisioning: declareRoute({
    method: 'GET',
    path: '/api/v1/provisioning/:id',
    summary: 'How far one is, step by step',
    tag: 'provisioning',
    doors: 'both',
    params: Path,
    answer: { status: 200, description: 'as it is now', schema: ProvisioningView, example: EXAMPLE },
    errors: ['not-found'],
  }),
  abortProvisioning: declareRoute({
    method: 'POST',
    path: '/api/v1/provisioning/:id/abort',
    summary: 'Have everything as it was before; what is under way comes to its end first',
    tag: 'provisioning',
    doors: 'both',
    params: Path,
    body: ProvisioningAbort,
    answer: { status: 202, description: 'it goes back', schema: ProvisioningView, example: EXAMPLE },
    errors: ['not-found', 'failed-precondition'],
  }),
} as const;
