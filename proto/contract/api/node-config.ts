import { z } from 'zod';
import type { NodeConfig } from '../node-config/config.js';
import { parseNodeConfig } from '../node-config/parse.js';

/** What a node should be of its own configuration, as the HTTP API and the CLI carry it. */

function isNodeConfig(value: unknown): value is NodeConfig {
  try {
    parseNodeConfig(value);
    return true;
  } catch {
    return false; // told as a value of the wrong form
  }
}

const Config = z.custom<NodeConfig>(isNodeConfig, 'is not a node config').meta({
  type: 'object',
  description: 'hostname, keys, time servers, sysctls, units, boot ports; what is absent is not managed',
});

export const NodeConfigView = z.object({
  nodeId: z.string(),
  revision: z.number().describe('0 = nothing was ever configured'),
  previousRevision: z.number(),
  config: Config,
  atMs: z.number(),
  actor: z.string(),
  reason: z.string(),
});
export type NodeConfigView = z.infer<typeof NodeConfigView>;

export const DesiredTryView = z.object({
  revision: z.number(),
  outcome: z.enum(['on-trial', 'refused', 'undone', 'unknown']),
  detail: z.string(),
});
export type DesiredTryView = z.infer<typeof DesiredTryView>;

export const NodeConfigHistory = z.object({ revisions: z.array(NodeConfigView).describe('newest first') });
export type NodeConfigHistory = z.infer<typeof NodeConfigHistory>;

const Change = {
  expectedRevision: z.number().int().min(0).describe('the newest revision that the caller has seen; 0 = none'),
  reason: z.string().min(1).max(500),
};

export const NodeConfigPut = z.strictObject({ config: z.unknown(), ...Change });
export type NodeConfigPut = z.infer<typeof NodeConfigPut>;

export const NodeConfigRollback = z.strictObject({ toRevision: z.number().int().min(1), ...Change });
export type NodeConfigRollback = z.infer<typeof NodeConfigRollback>;
