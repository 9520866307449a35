import { z } from 'zod';
import {
  NodeConfigHistory,
  NodeConfigPut,
  NodeConfigRollback,
  NodeConfigView,
} from '../../../proto/contract/api/node-config.js';
import { declareRoute } from '../declare.js';
import { queryInteger } from '../parse.js';
import { AT_MS, NODE_ID } from './examples.js';
import { NodePath } from './nodes.js';

const CONFIG_EXAMPLE: NodeConfigView = {
  nodeId: NODE_ID,
  revision: 2,
  previousRevision: 1,
  config: { hostname: 'pi-01' },
  atMs: AT_MS,
  actor: 'admin:kim',
  reason: 'its name on the shelf',
};

/** What nodes should be of their own configuration: it names users and their keys, so not everybody reads it. */
export const NODE_CONFIG_ROUTES = {
  getNodeConfig: declareRoute({
    method: 'GET',
    path: '/api/v1/nodes/:id/config',
    summary: 'What the node should be of its own configuration',
    tag: 'nodes',
    doors: 'both',
    params: NodePath,
    answer: { status: 200, description: 'the newest revision', schema: NodeConfigView, example: CONFIG_EXAMPLE },
    errors: ['not-found'],
  }),
  listNodeConfigs: declareRoute({
    method: 'GET',
    path: '/api/v1/nodes/:id/config/history',
    summary: 'Every revision that is kept, with who and why',
    tag: 'nodes',
    doors: 'both',
    params: NodePath,
    query: z.strictObject({ limit: queryInteger(1, 200).default(50) }),
    answer: {
      status: 200,
      description: 'newest first',
      schema: NodeConfigHistory,
      example: { revisions: [CONFIG_EXAMPLE] },
    },
    errors: ['not-found'],
  }),
  setNodeConfig: declareRoute({
    method: 'PUT',
    path: '/api/v1/nodes/:id/config',
    summary: 'Say what the node should be, as a new revision',
    tag: 'nodes',
    doors: 'both',
    params: NodePath,
    body: NodeConfigPut,
    answer: { status: 200, description: 'the new revision', schema: NodeConfigView, example: CONFIG_EXAMPLE },
    errors: ['not-found', 'failed-precondition'],
  }),
  rollbackNodeConfig: declareRoute({
    method: 'POST',
    path: '/api/v1/nodes/:id/config/rollback',
    summary: 'Make a former revision count again, as a new one',
    tag: 'nodes',
    doors: 'both',
    params: NodePath,
    body: NodeConfigRollback,
    answer: { status: 200, description: 'the new revision', schema: NodeConfigView, example: CONFIG_EXAMPLE },
    errors: ['not-found', 'failed-precondition'],
  }),
} as const;
