import * as z from 'zod/mini';

/** A solid-state disk in one of the bays. */
const DISK = z.object({
  /** As the kernel calls it. */
  name: z.string(),
  serial: z.string(),
  /** When it was first switched on, ms since 1970-01-01 UTC. */
  madeAtMs: z.number(),
  readKib: z.number(),
  writtenKib: z.number(),
  /** Sectors that it could not read, and those that it has replaced. */
  pendingCount: z.number(),
  reallocatedCount: z.number(),
});
export type Disk = Readonly<z.infer<typeof DISK>>;

const MEMBER = z.object({
  disk: z.string(),
  state: z.enum(['in-sync', 'faulty', 'spare', 'rebuilding', 'replacement']),
  /** Place in the array; spares and failed members have none. */
  slot: z.optional(z.number()),
  readErrorsCount: z.number(),
});
export type Member = Readonly<z.infer<typeof MEMBER>>;

const STORAGE = z.object({
  atMs: z.number(),
  disks: z.array(DISK),
  members: z.array(MEMBER),
  action: z.enum(['idle', 'recover', 'check']),
  /** Of what runs. */
  doneKib: z.number(),
  /** Grows with every change of the array; members that are in sync agree on it. */
  eventsCount: z.number(),
  /** When somebody comes and sees to what failed; absent = nothing did. */
  repairAtMs: z.optional(z.number()),
});
/** Disks of a simulated fileserver and the one array on them: a mirror of two. It outlives boots. */
export type StorageState = Readonly<z.infer<typeof STORAGE>>;

export const ARRAY = 'md0';
export const ARRAY_UUID = '5c1f9e02:7a4b61d3:e8802c94:1b3f6ad7';
export const MEMBERS_WANTED = 2;
/** Of a disk of 120 GB, and what of it the array takes. */
export const DISK_SECTORS = 234_441_648;
export const COMPONENT_KIB = 117_154_816;

const HOUR_MS = 3_600_000;

/** Two disks that serve and one that waits in its bay, as somebody installed them. */
export function installedStorage(nowMs: number): StorageState {
  const disk = (name: string, serial: string, hours: number): Disk => ({
    ...{ name, serial, madeAtMs: nowMs - hours * HOUR_MS },
    ...{ readKib: hours * 900_000, writtenKib: hours * 260_000, pendingCount: 0, reallocatedCount: 0 },
  });
  return {
    atMs: nowMs,
    disks: [
      disk('sda', '50026B7783A1C204', 9_210),
      disk('sdb', '50026B7783A1C2F7', 9_204),
      disk('sdc', '50026B778405D11A', 1),
    ],
    members: [member('sda', 0), member('sdb', 1)],
    ...{ action: 'idle', doneKib: 0, eventsCount: 1_204 },
  };
}

export function member(disk: string, slot: number): Member {
  return { disk, slot, state: 'in-sync', readErrorsCount: 0 };
}

/** Members that are missing, failed or not rebuilt. A place that is copied is not one of them. */
export function missingCount({ members }: StorageState): number {
  return MEMBERS_WANTED - members.filter(({ state }) => state === 'in-sync').length;
}

/** `undefined`: not ours, or of another version; then it is as installed. */
export function parseStorage(text: string | undefined): StorageState | undefined {
  try {
    const judged = STORAGE.safeParse(JSON.parse(text ?? ''));
    return judged.success ? judged.data : undefined;
  } catch {
    return undefined; // not JSON
  }
}
