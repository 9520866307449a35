import { z } from 'zod';

/** What a controller knows of itself, for `bramble doctor` to judge. Times are ms since 1970-01-01 UTC. */

/** Some of many, the most pressing first: enough to begin with. */
const Some = <Item extends z.ZodType>(item: Item) =>
  z.object({ count: z.number().int(), first: z.array(item).describe('at most 10') });

const NodeExpiry = z.object({ name: z.string(), site: z.string(), expiresAtMs: z.number() });
const NodeTrouble = z.object({ name: z.string(), site: z.string(), message: z.string() });

export const CertificateFact = z.object({
  role: z
    .enum(['root', 'agents', 'actuators', 'servers', 'overlay', 'controller', 'page'])
    .describe('root and the four issuing authorities; the controller’s own for agents; the page’s'),
  expiresAtMs: z.number(),
});
export type CertificateFact = z.infer<typeof CertificateFact>;

export const HostFacts = z.object({
  /** Absent where the system does not tell. */
  dataDir: z.object({ freeBytes: z.number(), totalBytes: z.number() }).optional(),
  openFiles: z.object({ openCount: z.number(), limit: z.number().optional().describe('absent: none') }).optional(),
  /** Longest of the last minute or so. */
  eventLoopDelayMs: z.number(),
  clockSynchronised: z.enum(['yes', 'no', 'unknown']).describe('what the kernel says, whichever service keeps it'),
  runtime: z.string().describe('of Node.js, such as v22.21.1'),
  lastBackupAtMs: z.number().optional().describe('newest one in the data directory'),
});
export type HostFacts = z.infer<typeof HostFacts>;

export const ControllerFacts = z.object({
  nowMs: z.number(),
  version: z.string(),
  upForMs: z.number(),
  clockSteppedMs: z.number().describe('by how much the clock was set since the controller started'),
  host: HostFacts,
  store: z.object({ schemaVersion: z.number(), sizeBytes: z.number() }),
  parts: z.array(z.object({ part: z.string(), ready: z.boolean(), detail: z.string() })),
  endpoints: z.object({
    link: z.array(z.string()).describe('host:port as agents are told'),
    enrol: z.string().describe('host:port as new nodes are told'),
  }),
  certificates: z.array(CertificateFact),
  nodes: z.object({
    inService: z.number().int(),
    agentVersions: z.array(z.object({ version: z.string(), count: z.number().int() })),
    expiring: Some(NodeExpiry).describe('certificates that a healthy agent would have renewed by now'),
    clocks: Some(NodeTrouble).describe('nodes whose clock is not right'),
  }),
});
export type ControllerFacts = z.infer<typeof ControllerFacts>;
