import { BrambleError } from '../../../proto/contract/errors.js';
import * as z from '../form.js';

/** Packets since the kernel began to count them, and for how long none came, s. */
const Count = z.object({ packets: z.number(), bytes: z.number(), idleS: z.number() });

const Traffic = z.object({
  /** By IPv4 address: what it asked of the NFS server here, and what it was answered. Packets without data do not count. */
  clients: z.array(z.object({ address: z.string(), asked: Count, answered: z.optional(Count) })),
  /** Frames of spanning tree that came in, by interface. */
  bpdus: z.array(z.object({ interfaceName: z.string(), seen: Count })),
  /** Switches that announce themselves (LLDP): the hardware address of their port, by interface. */
  neighbours: z.array(z.object({ interfaceName: z.string(), mac: z.string(), seen: Count })),
  /** Why interfaces are not looked at; empty = they are. */
  blind: z.string(),
});

/** What the kernel counted on the way of the boards: see Machine.traffic(). */
export type Traffic = z.infer<typeof Traffic>;
export type TrafficCount = z.infer<typeof Count>;

/** Most interfaces that are looked at: boards of a shelf, and their trunk. */
export const TRAFFIC_INTERFACES_MAX = 192;

/** @throws BrambleError `data-loss` for what no helper of ours answers */
export function parseTraffic(text: string): Traffic {
  try {
    const parsed = Traffic.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
  } catch {
    // Said below.
  }
  throw new BrambleError('data-loss', `not an account of traffic: ${JSON.stringify(text.slice(0, 100))}`);
}
