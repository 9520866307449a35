import { z } from 'zod';
import {
  PortChangeCreate,
  PortChangeList,
  PortChangeReason,
  PortChangeView,
  PortPlanRequest,
  PortPreviewList,
  SwitchPortsView,
} from '../../../proto/contract/api/switch.js';
import { declareRoute } from '../declare.js';
import { NodeIdText, queryInteger } from '../parse.js';
import { AT_MS, NODE_ID } from './examples.js';
import { NodePath } from './nodes.js';

const ChangePath = z.object({ id: z.uuid() });
const PLAN = '{"style":"vlan-aware","management":{"name":"eth0","address":"dhcp"},"storageVlans":"10-130","ports":{}}';

const CHANGE: PortChangeView = {
  id: '01890000-0000-7000-8000-000000000002',
  ...{ atMs: AT_MS, actor: 'admin:kim', reason: 'a new shelf', state: 'watching', stateAtMs: AT_MS + 4_000 },
  ...{ detail: 'fs-cam was not heard from since', confirmWithinMs: 120_000, byHand: false, approved: false },
  restores: '',
  switches: [{ nodeId: NODE_ID, name: 'sw-cam', plan: PLAN, applyCommand: '01890000-0000-7000-8000-000000000001' }],
};

/** Ports of switches: what they are for, and changes of them, each over one switch or several. */
export const SWITCH_ROUTES = {
  getSwitchPorts: declareRoute({
    method: 'GET',
    path: '/api/v1/nodes/:id/ports',
    summary: 'Plans that were kept for the ports of a switch, and whether they are so',
    tag: 'switches',
    doors: 'both',
    params: NodePath,
    answer: {
      status: 200,
      description: 'newest first',
      schema: SwitchPortsView,
      example: {
        ...{ nodeId: NODE_ID, name: 'sw-cam', file: 'as-planned', kernelDrift: [] },
        plans: [
          { revision: 1, plan: PLAN, changeId: CHANGE.id, atMs: AT_MS, actor: 'admin:kim', reason: 'a new shelf' },
        ],
      },
    },
    errors: ['not-found', 'failed-precondition'],
  }),
  previewPortChange: declareRoute({
    method: 'POST',
    path: '/api/v1/port-changes/preview',
    summary: 'What plans would change: findings, ports that flap, lines of the files; nothing is changed',
    tag: 'switches',
    doors: 'both',
    body: PortPlanRequest,
    answer: {
      status: 200,
      description: 'one for each switch',
      schema: PortPreviewList,
      example: {
        switches: [
          {
            ...{ nodeId: NODE_ID, name: 'sw-cam', revision: 1, findings: [] },
            effects: [{ name: 'swp48', effect: 'flap', what: 'access to 2 -> uplink of 0 VLANs, 3 without a tag' }],
            diff: ['-    alias access', '+    alias uplink'],
          },
        ],
      },
    },
    errors: ['not-found', 'failed-precondition'],
  }),
  beginPortChange: declareRoute({
    method: 'POST',
    path: '/api/v1/port-changes',
    summary: 'Change the ports of one switch or of several: all of it stays, or none',
    tag: 'switches',
    doors: 'both',
    body: PortChangeCreate,
    answer: { status: 202, description: 'ordered', schema: PortChangeView, example: CHANGE },
    errors: ['not-found', 'failed-precondition', 'permission-denied'],
  }),
  listPortChanges: declareRoute({
    method: 'GET',
    path: '/api/v1/port-changes',
    summary: 'Changes of ports and how they ended',
    tag: 'switches',
    doors: 'both',
    query: z.strictObject({ node: NodeIdText.optional(), limit: queryInteger(1, 500).default(100) }),
    answer: { status: 200, description: 'newest first', schema: PortChangeList, example: { changes: [CHANGE] } },
    errors: ['not-found', 'failed-precondition'],
  }),
  getPortChange: declareRoute({
    method: 'GET',
    path: '/api/v1/port-changes/:id',
    summary: 'How far a change of ports is',
    tag: 'switches',
    doors: 'both',
    params: ChangePath,
    answer: { status: 200, description: 'the change', schema: PortChangeView, example: CHANGE },
    errors: ['not-found'],
  }),
  approvePortChange: declareRoute({
    method: 'POST',
    path: '/api/v1/port-changes/:id/approve',
    summary: 'Say that a change may stay; it does once everybody who must see the switches does',
    tag: 'switches',
    doors: 'both',
    params: ChangePath,
    answer: { status: 200, description: 'the change', schema: PortChangeView, example: { ...CHANGE, approved: true } },
    errors: ['not-found', 'failed-precondition', 'permission-denied'],
  }),
  takeBackPortChange: declareRoute({
    method: 'POST',
    path: '/api/v1/port-changes/:id/take-back',
    summary: 'Take a change back, or put the plans from before it in place; try again where a switch is frozen',
    tag: 'switches',
    doors: 'both',
    params: ChangePath,
    body: PortChangeReason,
    answer: {
      status: 202,
      description: 'the change that does it: this one, or one of its own',
      schema: PortChangeView,
      example: { ...CHANGE, state: 'taking-back', detail: 'admin:kim asked for it: the wrong shelf' },
    },
    errors: ['not-found', 'failed-precondition', 'permission-denied'],
  }),
} as const;
