import { z } from 'zod';
import { CommandView, EnrollmentView, EventView, NodeView, TokenView } from './fleet.js';

/** Answers that hold several things are objects, so that a cursor or a count can join them later. */

export const NodeList = z.object({ nodes: z.array(NodeView) });
export type NodeList = z.infer<typeof NodeList>;

export const EventList = z.object({ events: z.array(EventView).describe('newest first') });
export type EventList = z.infer<typeof EventList>;

export const CommandList = z.object({ commands: z.array(CommandView) });
export type CommandList = z.infer<typeof CommandList>;

export const TokenList = z.object({ tokens: z.array(TokenView) });
export type TokenList = z.infer<typeof TokenList>;

export const EnrollmentList = z.object({ enrollments: z.array(EnrollmentView) });
export type EnrollmentList = z.infer<typeof EnrollmentList>;

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
