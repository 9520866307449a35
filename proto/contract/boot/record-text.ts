import { type BootRecord, STARTS_MAX } from './record.js';
import { BOOT_STAGES, type BootStage } from './stage.js';

/** A record as one line of JSON: what board_boot_text carries, and what an agent keeps across its own restarts. */

const TEXT_MAX_CHARACTERS = 64;
const NAMES = ['mac', 'serial', 'address', 'interfaceName'] as const;

/** At most a kilobyte. */
export function renderBootRecord(record: BootRecord): string {
  return JSON.stringify(record);
}

/** `undefined` for anything that renderBootRecord() did not write: it may come from another version, or from nobody of ours. */
export function parseBootRecord(text: string): BootRecord | undefined {
  try {
    return readBootRecord(JSON.parse(text));
  } catch {
    return undefined; // not JSON
  }
}

function readBootRecord(value: unknown): BootRecord | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const fields: Readonly<Record<string, unknown>> = { ...value };
  const [mac, serial, address, interfaceName] = NAMES.map((name) => {
    const field = fields[name];
    return typeof field === 'string' && field.length <= TEXT_MAX_CHARACTERS ? field : undefined;
  });
  const startedMs = timeOf(fields['startedMs']);
  const seenMs = timeOf(fields['seenMs']);
  if (mac === undefined || serial === undefined || address === undefined || interfaceName === undefined)
    return undefined;
  if (startedMs === undefined || seenMs === undefined) return undefined;
  const starts = fields['startsMs'];
  return {
    mac,
    serial,
    address,
    interfaceName,
    startedMs,
    stagesMs: readStages(fields['stagesMs']),
    firstFileMs: timeOf(fields['firstFileMs']),
    missedMs: timeOf(fields['missedMs']),
    missedFirmware: fields['missedFirmware'] === true,
    startsMs: Array.isArray(starts) ? starts.slice(-STARTS_MAX).flatMap((each) => timeOf(each) ?? []) : [startedMs],
    seenMs,
  };
}

function readStages(value: unknown): Readonly<Partial<Record<BootStage, number>>> {
  const fields: Readonly<Record<string, unknown>> = typeof value === 'object' && value !== null ? { ...value } : {};
  return Object.fromEntries(
    BOOT_STAGES.flatMap((stage) => {
      const atMs = timeOf(fields[stage]);
      return atMs === undefined ? [] : [[stage, atMs] as const];
    }),
  );
}

/** Milliseconds on the clock of the machine that wrote it: what happened before its boot is negative, and real. */
function timeOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}
