import { z } from 'zod';

/** What stands where, as an operator writes it down and the HTTP API carries it. */

const Name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'must be letters, digits, dots, dashes or underscores, at most 63');
const Site = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be the name of a site');
const Count = z.number().int().min(0);
const Rate = Count.max(1e12);

const PortForm = z.strictObject({
  port: z.number().int().min(1).max(1_024),
  toPort: z.number().int().min(1).max(1_024).optional().describe('the same for every port up to this one'),
  interfaceName: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,15}$/)
    .optional()
    .describe('as the switch calls it; swp and the number when absent'),
  role: z.enum(['node', 'fileserver', 'uplink', 'unused']).default('node'),
  isProtected: z.boolean().optional().describe('never switched off; every port that is not a node’s is'),
  priority: Count.max(10).default(1).describe('a switch short of power sheds the highest number first'),
  allocatedMilliW: Count.max(100_000).default(15_400).describe('what its class reserves'),
  redundancyGroup: z.string().max(63).default('').describe('never two of a group off at once'),
});

const Plug = z.strictObject({ switch: Name, port: z.number().int().min(1).max(1_024) });

const Board = z.strictObject({
  serial: z.string().min(1).max(64),
  model: z.enum(['b', 'b+', '2b', '3b', '3b+', '4b', '5', 'zero-w', 'zero-2w', 'other']).default('other'),
  firmware: z.string().max(63).default(''),
});

const Pool = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('vlan'),
    domain: Name,
    first: z.number().int().min(1).max(4_094),
    last: z.number().int().min(1).max(4_094),
    reserved: z.array(z.number().int()).max(4_094).default([]),
  }),
  z.strictObject({ kind: z.literal('storage'), fileserver: Name, prefix: z.string() }),
  z.strictObject({
    kind: z.literal('public6'),
    site: Site,
    prefix: z.string(),
    count: z.number().int().min(1).max(65_536).default(4_096),
  }),
  z.strictObject({ kind: z.literal('routed6'), site: Site, prefix: z.string() }),
]);

export const TopologyDocument = z.strictObject({
  sites: z
    .array(z.strictObject({ name: Site, uplinkDownBitsPerS: Rate.default(0), uplinkUpBitsPerS: Rate.default(0) }))
    .max(1_000),
  racks: z
    .array(z.strictObject({ name: Name, site: Site }))
    .max(10_000)
    .default([]),
  shelves: z
    .array(z.strictObject({ name: Name, rack: Name }))
    .max(10_000)
    .default([]),
  psus: z
    .array(z.strictObject({ name: Name, rack: Name, poeMilliW: Count.max(10_000_000).default(0) }))
    .max(10_000)
    .default([]),
  switches: z
    .array(
      z.strictObject({
        name: Name,
        rack: Name,
        psus: z.array(Name).max(8).default([]),
        vlanDomain: Name,
        ports: z.array(PortForm).max(1_024),
      }),
    )
    .max(10_000)
    .default([]),
  fileservers: z
    .array(z.strictObject({ name: Name, rack: Name, psus: z.array(Name).max(8).default([]), switch: Name }))
    .max(10_000)
    .default([]),
  nodes: z
    .array(
      z.strictObject({
        name: Name,
        site: Site,
        shelf: z.string().max(63).default(''),
        plug: Plug.optional(),
        fileserver: z.string().max(63).default(''),
        board: Board,
        image: z.string().max(63).default(''),
      }),
    )
    .max(100_000)
    .default([]),
  spares: z
    .array(z.strictObject({ board: Board, site: Site, fileserver: Name, plug: Plug }))
    .max(10_000)
    .default([]),
  pools: z.array(Pool).max(10_000).default([]),
});
export type TopologyDocument = z.infer<typeof TopologyDocument>;

export const TopologyPut = z.strictObject({
  topology: TopologyDocument,
  expectedRevision: z.number().int().min(0).describe('the revision that the caller has seen; 0 = none'),
  reason: z.string().min(1).max(500),
});
export type TopologyPut = z.infer<typeof TopologyPut>;

export const TopologyView = z.object({
  revision: z.number().describe('counts changes; 0 = nobody ever wrote one'),
  topology: TopologyDocument,
});
export type TopologyView = z.infer<typeof TopologyView>;

export const AddressList = z.object({
  nodes: z.array(
    z.object({
      node: z.string(),
      vlan: z.number().optional(),
      storage: z
        .object({
          network: z.string(),
          fileserver: z.string(),
          pi: z.string(),
          broadcast: z.string(),
          mask: z.string(),
        })
        .optional(),
      exportPath: z.string().optional(),
      public6: z.string().optional(),
      routed6: z.string().optional(),
    }),
  ),
  pools: z.array(
    z.object({
      pool: z.string(),
      usedCount: z.number(),
      usableCount: z.number(),
      growthPerDay: z.number().describe('net, of the last 30 days'),
      exhaustedInDays: z.number().optional().describe('absent = not at this rate'),
      isNearlyFull: z.boolean(),
    }),
  ),
  leaks: z.array(z.string()).describe('what is held that should not be'),
});
export type AddressList = z.infer<typeof AddressList>;

export const WhatIfView = z.object({
  name: z.string(),
  kind: z.string(),
  takesAlong: z.array(z.string()),
  nodes: z.array(z.object({ name: z.string(), effect: z.enum(['off', 'shed', 'hung', 'cut-off']) })),
  heldBy: z.string().describe('whom healing would blame, and so whose nodes it would not touch'),
});
export type WhatIfView = z.infer<typeof WhatIfView>;

export const OfferView = z.object({
  node: z.string(),
  site: z.string(),
  shelf: z.string(),
  architecture: z.enum(['armv6', 'armv7', 'armv8']),
  coresCount: z.number(),
  coreMHz: z.number(),
  memoryBytes: z.number(),
  lanBitsPerS: z.number(),
  uplinkShareBitsPerS: z.number(),
  netboot: z.enum(['none', 'card', 'rom', 'eeprom']),
});

export const OfferList = z.object({ offers: z.array(OfferView) });
export type OfferList = z.infer<typeof OfferList>;

export const PlacementAsk = z.strictObject({
  count: z.number().int().min(1).max(10_000),
  architectures: z
    .array(z.enum(['armv6', 'armv7', 'armv8']))
    .min(1)
    .optional(),
  coresMin: Count.optional(),
  computeMHzMin: Count.optional().describe('cores times their clock'),
  memoryBytesMin: Count.optional(),
  lanBitsPerSMin: Count.optional(),
  uplinkShareBitsPerSMin: Count.optional(),
  spreadBy: z.enum(['site', 'shelf']).optional(),
});
export type PlacementAsk = z.infer<typeof PlacementAsk>;

export const PlacementView = z.object({
  nodes: z.array(z.string()).describe('as many as were asked for, or as there are'),
  rejected: z.record(z.string(), z.number()).describe('why others were left out, and how many'),
});
export type PlacementView = z.infer<typeof PlacementView>;
