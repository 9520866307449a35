import { z } from 'zod';
import { CommandView, EnrollmentView, EventView, NodeState, NodeView, SiteView, TokenView } from './fleet.js';

/** Answers that hold several things are objects: beside the things there is the way to the next page. */

const nextCursor = z
  .string()
  .optional()
  .describe('ask the same question with cursor=this for more; absent at the end. A page may be short before the end');

export const NodeList = z.object({ nodes: z.array(NodeView).describe('by id'), nextCursor });
export type NodeList = z.infer<typeof NodeList>;

export const NodeLoad = z.object({
  id: z.string(),
  name: z.string(),
  site: z.string(),
  state: NodeState,
  cpuBusyPermille: z.number().optional(),
  memoryUsedPermille: z.number().optional(),
  temperatureMillidegrees: z.number().optional().describe('of its hottest sensor'),
});
export type NodeLoad = z.infer<typeof NodeLoad>;

export const LoadList = z.object({ loads: z.array(NodeLoad).describe('who is nearest to a limit first') });
export type LoadList = z.infer<typeof LoadList>;

export const SiteList = z.object({
  sites: z.array(SiteView).describe('by name'),
  hasOverlay: z.boolean().default(false).describe('there are tunnels to tell of'),
});
export type SiteList = z.infer<typeof SiteList>;

export const EventList = z.object({ events: z.array(EventView).describe('newest first'), nextCursor });
export type EventList = z.infer<typeof EventList>;

export const CommandList = z.object({ commands: z.array(CommandView).describe('newest first'), nextCursor });
export type CommandList = z.infer<typeof CommandList>;

export const TokenList = z.object({ tokens: z.array(TokenView).describe('newest first'), nextCursor });
export type TokenList = z.infer<typeof TokenList>;

export const EnrollmentList = z.object({
  enrollments: z.array(EnrollmentView).describe('those who asked first last'),
  nextCursor,
});
export type EnrollmentList = z.infer<typeof EnrollmentList>;

/** Target groups as Prometheus discovers them: https://prometheus.io/docs/prometheus/latest/http_sd/ */
export const TargetList = z.array(z.object({ targets: z.array(z.string()), labels: z.record(z.string(), z.string()) }));
export type TargetList = z.infer<typeof TargetList>;

export const FactHistory = z.object({
  fact: z.string(),
  instance: z.string(),
  points: z.array(z.tuple([z.number(), z.number()])).describe('[atMs, value], oldest first'),
});
export type FactHistory = z.infer<typeof FactHistory>;

export const Readiness = z.object({
  ready: z.boolean(),
  parts: z.array(z.object({ part: z.string(), ready: z.boolean(), detail: z.string() })),
});
export type Readiness = z.infer<typeof Readiness>;
