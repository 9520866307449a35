import { z } from 'zod';
import { Liveness } from './fleet.js';

/** The overlay as people and tools see it. Times are ms since 1970-01-01 UTC, bytes are of this month (UTC). */

export const TunnelState = z
  .enum(['up', 'down', 'unknown'])
  .describe('of the tunnel alone, as the gateway sees it; unknown while the gateway does not answer');
export type TunnelState = z.infer<typeof TunnelState>;

export const OverlayClientView = z.object({
  nodeId: z.string(),
  name: z.string(),
  site: z.string(),
  mode: z.enum(['gateway', 'standalone']).describe('for its whole site, or for itself alone'),
  prefix: z.string().describe('all that it may speak for'),
  address: z.string().describe('its own end of the tunnel'),
  tunnel: TunnelState,
  agent: Liveness.describe('of its agent, whichever way that came; a fact of its own'),
  from: z.string().optional().describe('address and port that it comes from; the relay’s for one that comes over TCP'),
  connectedAtMs: z.number().optional(),
  receivedBytes: z.number().describe('from it, since it connected'),
  sentBytes: z.number(),
  profile: z.enum(['current', 'behind']).describe('behind: the node has not said that it has what it should'),
  certificateExpiresAtMs: z.number(),
});
export type OverlayClientView = z.infer<typeof OverlayClientView>;

export const OverlaySiteView = z.object({
  site: z.string(),
  prefix: z.string(),
  gatewayName: z.string().optional().describe('absent: its nodes have tunnels of their own, or none'),
  tunnel: TunnelState.describe('of its gateway; down when it has none'),
  receivedBytes: z.number(),
  sentBytes: z.number(),
  monthlyBytes: z.number().optional().describe('what its uplink bears in a month'),
});
export type OverlaySiteView = z.infer<typeof OverlaySiteView>;

export const OverlayNodeView = z.object({
  nodeId: z.string(),
  name: z.string(),
  site: z.string(),
  prefix: z.string(),
  address: z.string(),
});
export type OverlayNodeView = z.infer<typeof OverlayNodeView>;

export const OverlayView = z.object({
  prefix: z.string(),
  opsPrefix: z.string().describe('of the operators’ machines'),
  gateway: z.object({
    address: z.string().describe('of the controller, from inside'),
    answering: z.boolean(),
    trouble: z.string(),
    seenAtMs: z.number(),
    tunnelsCount: z.number().int(),
  }),
  sites: z.array(OverlaySiteView),
  clients: z.array(OverlayClientView),
  nodes: z.array(OverlayNodeView).describe('addresses, those without a tunnel of their own too'),
});
export type OverlayView = z.infer<typeof OverlayView>;

export const OverlayChange = z.object({
  path: z.string(),
  kind: z.enum(['add', 'change', 'remove']),
  lines: z.array(z.string()),
});
export const OverlayChanges = z.object({ changes: z.array(OverlayChange) });
export type OverlayChanges = z.infer<typeof OverlayChanges>;

export const KeyChange = z.strictObject({
  step: z.enum(['begin', 'finish']),
  despite: z.boolean().default(false).describe('finish although nodes have not learned the new key'),
});
export type KeyChange = z.infer<typeof KeyChange>;
export const KeyChangeView = z.object({ behind: z.array(z.string()).describe('nodes that have not learned it yet') });
