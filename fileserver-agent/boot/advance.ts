import { type BoardSight, type BootRecord, STARTS_MAX } from '../../proto/contract/boot/record.js';
import { BOOT_LIMITS, type BootStage } from '../../proto/contract/boot/stage.js';
import type { BootFile } from './boot-file.js';

/** Something that was seen of one board. */
export type BoardSighting =
  /** `asker`: who makes the request, where the log tells; a system that runs asks for its address as well. */
  | { readonly kind: 'discover'; readonly asker: 'firmware' | 'system' | 'unknown' }
  | { readonly kind: 'file'; readonly file: BootFile; readonly found: boolean }
  | { readonly kind: 'mounted' }
  | { readonly kind: 'power-on' };

/** What is remembered of a board between two sightings. */
export interface BoardState {
  readonly record: BootRecord;
  /** A request for an address that may have begun a new boot; what comes next tells. */
  readonly maybeStartMs: number | undefined;
}

/** A board that asks for no file asks for its address for about a minute; what comes later is another try. */
const RETRY_MS = 120_000;
/** How long after a request for an address its first file may come. */
const MAYBE_MS = 60_000;
/** The same file twice within this is a retransmit, not a new boot. */
const AGAIN_MS = 5_000;
/** A request that was sent twice may be answered in full a second time so long after its board has gone on. */
const LATE_COPY_MS = 60_000;
/** A mount so long after anything else is not part of a boot. */
const MOUNT_WITHIN_MS = 600_000;

/** One step: the same board, sighting and time always make the same board. */
export function advance(
  before: BoardState | undefined,
  sight: BoardSight,
  sighting: BoardSighting,
  atMs: number,
): BoardState {
  if (before === undefined) return reach(start(sight, undefined, atMs), sighting, atMs);
  const state: BoardState = { ...before, record: { ...before.record, ...named(sight, before.record), seenMs: atMs } };
  const startMs = newStartMs(before, sighting, atMs);
  if (startMs !== undefined) return reach(start(state.record, before.record, startMs), sighting, atMs);
  return reach(state, sighting, atMs);
}

/** What is known stays known: a later line may tell less. */
function named(sight: BoardSight, known: BoardSight): BoardSight {
  return {
    mac: sight.mac || known.mac,
    serial: sight.serial || known.serial,
    address: sight.address || known.address,
    interfaceName: sight.interfaceName || known.interfaceName,
  };
}

function start(
  { mac, serial, address, interfaceName }: BoardSight,
  previous: BootRecord | undefined,
  atMs: number,
): BoardState {
  const mountedMs = previous?.stagesMs['nfs-mounted'];
  const wasWell = mountedMs !== undefined && atMs - mountedMs >= BOOT_LIMITS.settledMs;
  const earlier = previous === undefined || wasWell ? [] : previous.startsMs;
  const record: BootRecord = {
    mac,
    serial,
    address,
    interfaceName,
    startedMs: atMs,
    stagesMs: {},
    firstFileMs: undefined,
    missedMs: undefined,
    missedFirmware: false,
    startsMs: [...earlier, atMs].slice(-STARTS_MAX),
    seenMs: atMs,
  };
  return { record, maybeStartMs: undefined };
}

/** When the boot began that this sighting is the first sign of; `undefined` = it belongs to the boot that is known. */
function newStartMs({ record, maybeStartMs }: BoardState, sighting: BoardSighting, atMs: number): number | undefined {
  const { stagesMs, firstFileMs } = record;
  switch (sighting.kind) {
    case 'power-on':
      return atMs;
    case 'mounted':
      return undefined;
    case 'discover':
      if (firstFileMs === undefined && stagesMs['nfs-mounted'] === undefined) {
        return stagesMs['dhcp-seen'] !== undefined && atMs - record.startedMs >= RETRY_MS ? atMs : undefined;
      }
      return sighting.asker === 'firmware' ? atMs : undefined;
    case 'file': {
      if (!isEarly(sighting.file)) return undefined;
      if (maybeStartMs !== undefined && atMs - maybeStartMs < MAYBE_MS) return maybeStartMs;
      const loadedMs = Math.max(stagesMs['kernel-served'] ?? 0, stagesMs['nfs-mounted'] ?? 0);
      if (loadedMs > 0 && atMs - loadedMs >= LATE_COPY_MS) return atMs;
      const bootcodeMs = stagesMs['bootcode-served'];
      const isAgain = sighting.file.kind === 'bootcode' && bootcodeMs !== undefined && atMs - bootcodeMs >= AGAIN_MS;
      return isAgain ? atMs : undefined;
    }
  }
}

/** Files that only the beginning of a boot asks for. */
const isEarly = ({ kind }: BootFile): boolean => kind === 'bootcode' || kind === 'firmware';

function reach({ record, maybeStartMs }: BoardState, sighting: BoardSighting, atMs: number): BoardState {
  switch (sighting.kind) {
    case 'power-on':
      return { record: at(record, 'power-on', atMs), maybeStartMs: undefined };
    case 'discover': {
      const isLater = record.firstFileMs !== undefined || record.stagesMs['nfs-mounted'] !== undefined;
      if (!isLater) return { record: at(record, 'dhcp-seen', atMs), maybeStartMs };
      return { record, maybeStartMs: sighting.asker === 'unknown' ? atMs : maybeStartMs };
    }
    case 'mounted': {
      const isOver = atMs - record.startedMs >= MOUNT_WITHIN_MS;
      return { record: isOver ? record : at(record, 'nfs-mounted', atMs), maybeStartMs: undefined };
    }
    case 'file':
      return { record: reachFile(record, sighting, atMs), maybeStartMs };
  }
}

function reachFile(
  before: BootRecord,
  { file, found }: Extract<BoardSighting, { kind: 'file' }>,
  atMs: number,
): BootRecord {
  const record = { ...before, firstFileMs: before.firstFileMs ?? atMs };
  const isOwn = file.directory !== '';
  if (!found) {
    if (!isOwn) return record; // what all boards lack is lacking by design: bootsig.bin, recovery.elf
    const missedFirmware = record.missedFirmware || file.kind === 'firmware';
    return { ...record, missedMs: record.missedMs ?? atMs, missedFirmware };
  }
  let reached = isOwn ? at(record, 'serial-dir-hit', atMs) : record;
  if (file.kind === 'bootcode') reached = at(reached, 'bootcode-served', atMs);
  if (file.kind === 'kernel') reached = at(reached, 'kernel-served', atMs);
  if (file.kind === 'cmdline') reached = at(reached, 'cmdline-served', atMs);
  return reached;
}

/** The first time counts: what comes again is a retransmit, or a firmware that reads a file twice. */
function at(record: BootRecord, stage: BootStage, atMs: number): BootRecord {
  if (record.stagesMs[stage] !== undefined) return record;
  return { ...record, stagesMs: { ...record.stagesMs, [stage]: atMs } };
}
