import { z } from 'zod';
import { NodeDetail, NodeView } from '../../../proto/contract/api/fleet.js';
import { FactHistory, NodeList } from '../../../proto/contract/api/lists.js';
import { MaintenanceStart, MaintenanceState, NodeChange, Reason } from '../../../proto/contract/api/requests.js';
import { declareRoute } from '../declare.js';
import { cursorText, NodeStateWord, NodeWords, pageLimit } from '../lists.js';
import { NodeIdText, queryInteger } from '../parse.js';
import { AT_MS, NODE_EXAMPLE } from './examples.js';
import { MAINTENANCE_EXAMPLE } from './sites.js';

export const TIME_MS_MAX = 8_640_000_000_000_000;
/** The fleet is in memory: a page may hold all of it. */
const NODES_PER_PAGE_MAX = 10_000;
export const NodePath = z.object({ id: NodeIdText });

export const NODE_ROUTES = {
  listNodes: declareRoute({
    method: 'GET',
    path: '/api/v1/nodes',
    summary: 'Nodes',
    tag: 'nodes',
    doors: 'both',
    query: z.strictObject({
      ...NodeWords,
      state: NodeStateWord,
      limit: pageLimit(NODES_PER_PAGE_MAX, 500),
      cursor: cursorText,
    }),
    answer: {
      status: 200,
      description: 'nodes',
      schema: NodeList,
      example: { nodes: [NODE_EXAMPLE] },
      also: { 304: 'nothing that the list shows has changed, but for when nodes were last heard' },
    },
    errors: [],
  }),
  getNode: declareRoute({
    method: 'GET',
    path: '/api/v1/nodes/:id',
    summary: 'One node, with every condition that is looked at and all facts',
    tag: 'nodes',
    doors: 'both',
    params: NodePath,
    answer: {
      status: 200,
      description: 'the node',
      schema: NodeDetail,
      example: {
        ...NODE_EXAMPLE,
        capabilityOverrides: {},
        facts: [{ fact: 'memory_total_bytes', instance: '', value: 955_252_736 }],
      },
      tagged: true,
    },
    errors: ['not-found'],
  }),
  getNodeHistory: declareRoute({
    method: 'GET',
    path: '/api/v1/nodes/:id/history',
    summary: 'Past values of one fact of a node, over at most 31 days',
    tag: 'nodes',
    doors: 'both',
    params: NodePath,
    query: z.strictObject({
      fact: z.string(),
      instance: z.string().max(255).default(''),
      fromMs: queryInteger(0, TIME_MS_MAX),
      toMs: queryInteger(0, TIME_MS_MAX),
    }),
    answer: {
      status: 200,
      description: 'the values',
      schema: FactHistory,
      example: { fact: 'memory_available_bytes', instance: '', points: [[AT_MS, 503_316_480]] },
    },
    errors: ['not-found', 'resource-exhausted'],
  }),
  changeNode: declareRoute({
    method: 'PATCH',
    path: '/api/v1/nodes/:id',
    summary: 'Change name, labels or capabilities; what is not named stays, null removes',
    tag: 'nodes',
    doors: 'both',
    params: NodePath,
    body: NodeChange,
    conditional: true,
    answer: { status: 200, description: 'the node, changed', schema: NodeView, example: NODE_EXAMPLE, tagged: true },
    errors: ['not-found', 'already-exists'],
  }),
  startNodeMaintenance: declareRoute({
    method: 'PUT',
    path: '/api/v1/nodes/:id/maintenance',
    summary: 'Say that somebody works on a node, and until when',
    tag: 'nodes',
    doors: 'both',
    params: NodePath,
    body: MaintenanceStart,
    answer: {
      status: 200,
      description: 'in maintenance',
      schema: MaintenanceState,
      example: { maintenance: { ...MAINTENANCE_EXAMPLE, scope: 'node' } },
    },
    errors: ['not-found'],
  }),
  endNodeMaintenance: declareRoute({
    method: 'DELETE',
    path: '/api/v1/nodes/:id/maintenance',
    summary: 'End the maintenance of a node before its time; that of its site goes on',
    tag: 'nodes',
    doors: 'both',
    params: NodePath,
    answer: { status: 200, description: 'not in maintenance of its own', schema: MaintenanceState, example: {} },
    errors: ['not-found'],
  }),
  revokeNode: declareRoute({
    method: 'POST',
    path: '/api/v1/nodes/:id/revoke',
    summary: 'Shut a node out for good; its stream is cut within a second',
    tag: 'nodes',
    doors: 'both',
    params: NodePath,
    body: Reason,
    answer: {
      status: 200,
      description: 'the node, revoked',
      schema: NodeView,
      example: { ...NODE_EXAMPLE, state: 'revoked', why: 'Its credential was revoked.' },
    },
    errors: ['not-found'],
  }),
  thawNode: declareRoute({
    method: 'POST',
    path: '/api/v1/nodes/:id/thaw',
    summary: 'Let a frozen node in again, once it is settled which board is the true one',
    tag: 'nodes',
    doors: 'both',
    params: NodePath,
    body: Reason,
    answer: { status: 200, description: 'the node, in service', schema: NodeView, example: NODE_EXAMPLE },
    errors: ['not-found', 'failed-precondition'],
  }),
} as const;
