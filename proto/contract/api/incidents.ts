import { z } from 'zod';

/** What is wrong, once per cause, as the HTTP API, the page and the command line carry it. Times are of the wall clock. */

const IncidentSide = z.object({
  side: z.enum(['agent', 'fileserver', 'switch', 'uplink']),
  name: z.string().describe('who says so; empty when there is none'),
  words: z.string(),
});

const IncidentMember = z.object({
  name: z.string(),
  node: z.string().optional().describe('its id, when it is enrolled'),
  state: z.string().describe('where it stands with healing'),
  heldBecause: z.string().describe('why nothing is done about it now; empty = it is helped, or waits its turn'),
  sinceMs: z.number(),
  wellSinceMs: z.number().optional().describe('absent while it is in trouble'),
});

export const IncidentView = z.object({
  id: z.string(),
  cause: z.string().describe('node:pi-7, switch:sw-1, site:cam'),
  title: z.string().describe('what is wrong, in a line'),
  verdict: z.string(),
  site: z.string().optional().describe('absent for what spans sites'),
  node: z.string().optional().describe('id of the node, fileserver or switch that it is about'),
  row: z.string().describe('row of the evidence table, or the condition'),
  severity: z.enum(['critical', 'warning']),
  state: z.enum(['open', 'closed']),
  openedAtMs: z.number(),
  wellSinceMs: z.number().optional().describe('everything is healthy since, and watched for a while'),
  closedAtMs: z.number().optional(),
  closedBy: z.string().optional().describe('absent when it closed by itself'),
  acknowledgedBy: z.string().optional(),
  acknowledgedAtMs: z.number().optional(),
  sides: z.array(IncidentSide).describe('what each side says'),
  members: z.array(IncidentMember),
});
export type IncidentView = z.infer<typeof IncidentView>;

export const IncidentList = z.object({
  incidents: z.array(IncidentView),
  nextCursor: z.string().optional().describe('continues with older ones; absent on the last page'),
});
export type IncidentList = z.infer<typeof IncidentList>;

const IncidentEntry = z.object({
  atMs: z.number(),
  kind: z.enum(['signal', 'decision', 'action', 'verification', 'person']),
  about: z.string().describe('which member; empty = the cause itself'),
  words: z.string(),
  actor: z.string().describe('who said it; empty = the controller'),
});

export const IncidentDetail = IncidentView.extend({ timeline: z.array(IncidentEntry).describe('oldest first') });
export type IncidentDetail = z.infer<typeof IncidentDetail>;

export const IncidentComment = z.strictObject({ text: z.string().min(1).max(1_000) });
export type IncidentComment = z.infer<typeof IncidentComment>;

export const IncidentClose = z.strictObject({ reason: z.string().min(1).max(500) });
export type IncidentClose = z.infer<typeof IncidentClose>;
