import { z } from 'zod';
import {
  IncidentClose,
  IncidentComment,
  IncidentDetail,
  IncidentList,
  IncidentView,
} from '../../../proto/contract/api/incidents.js';
import { declareRoute } from '../declare.js';
import { queryInteger } from '../parse.js';
import { AT_MS, NODE_ID } from './examples.js';

const INCIDENT_EXAMPLE: IncidentView = {
  id: '019a8f3e-0000-7000-8000-000000000007',
  cause: 'node:pi-07',
  title: 'pi-07: its kernel or its NFS client hangs',
  verdict: 'its kernel or its NFS client hangs',
  site: 'cam',
  node: NODE_ID,
  row: 'hung',
  severity: 'warning',
  state: 'open',
  openedAtMs: AT_MS,
  sides: [
    { side: 'agent', name: 'pi-07', words: 'silent' },
    { side: 'fileserver', name: 'cam-fs1', words: 'nobody reads its root; no boot is under way' },
    { side: 'switch', name: 'cam-sw1 port 7', words: 'its link is up; it draws power as usual' },
  ],
  members: [{ name: 'pi-07', node: NODE_ID, state: 'acting', heldBecause: '', sinceMs: AT_MS - 60_000 }],
};

const IncidentPath = z.object({ incident: z.uuid() });

/** Incidents: what is wrong, once per cause, why, what was done about it, and what people say of it. */
export const INCIDENT_ROUTES = {
  listIncidents: declareRoute({
    method: 'GET',
    path: '/api/v1/incidents',
    summary: 'What is wrong, or was: one per cause',
    tag: 'incidents',
    doors: 'both',
    query: z.strictObject({
      state: z.enum(['open', 'closed', 'all']).default('open'),
      limit: queryInteger(1, 200).default(50),
      cursor: z.uuid().optional(),
    }),
    answer: {
      status: 200,
      description: 'newest first',
      schema: IncidentList,
      example: { incidents: [INCIDENT_EXAMPLE] },
    },
    errors: [],
  }),
  getIncident: declareRoute({
    method: 'GET',
    path: '/api/v1/incidents/:incident',
    summary: 'One incident with its story: signal, decision, action, verification',
    tag: 'incidents',
    doors: 'both',
    params: IncidentPath,
    answer: {
      status: 200,
      description: 'as far as it is told',
      schema: IncidentDetail,
      example: {
        ...INCIDENT_EXAMPLE,
        timeline: [{ atMs: AT_MS, kind: 'signal', about: '', words: 'its kernel or its NFS client hangs', actor: '' }],
      },
    },
    errors: ['not-found'],
  }),
  acknowledgeIncident: declareRoute({
    method: 'POST',
    path: '/api/v1/incidents/:incident/acknowledge',
    summary: 'Say that you see to it; a second time is success',
    tag: 'incidents',
    doors: 'both',
    params: IncidentPath,
    answer: { status: 200, description: 'on record', schema: IncidentView, example: INCIDENT_EXAMPLE },
    errors: ['not-found', 'failed-precondition'],
  }),
  commentIncident: declareRoute({
    method: 'POST',
    path: '/api/v1/incidents/:incident/comments',
    summary: 'Add a line to its story',
    tag: 'incidents',
    doors: 'both',
    params: IncidentPath,
    body: IncidentComment,
    answer: { status: 200, description: 'on record', schema: IncidentView, example: INCIDENT_EXAMPLE },
    errors: ['not-found'],
  }),
  closeIncident: declareRoute({
    method: 'POST',
    path: '/api/v1/incidents/:incident/close',
    summary: 'Close it before it closes by itself; the same cause alerts nobody again before it was healthy',
    tag: 'incidents',
    doors: 'both',
    params: IncidentPath,
    body: IncidentClose,
    answer: { status: 200, description: 'closed', schema: IncidentView, example: INCIDENT_EXAMPLE },
    errors: ['not-found'],
  }),
} as const;
