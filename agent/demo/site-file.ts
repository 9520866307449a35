import type { Files } from '../kit/host/ports.js';
import type { MachineState } from './machine.js';
import type { Boot } from './simulated-machine.js';

/** A Pi as it was when the site ended. */
export interface PiMemory {
  readonly boot: Boot;
  /** With its counters, which only go up. */
  readonly state: MachineState;
}

/** Every Pi by name: a site that is started again goes on as if it had never been away. */
export type SiteMemory = Readonly<Record<string, PiMemory>>;

const BOOT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What cannot be read is forgotten: the Pi concerned has booted anew then. `sample`: a state, for its fields. */
export function parseSiteMemory(text: string | undefined, sample: MachineState): SiteMemory {
  let read: unknown;
  try {
    read = JSON.parse(text ?? '{}');
  } catch {
    return {}; // damaged: only boots are lost
  }
  if (!isRecord(read)) return {};
  return Object.fromEntries(
    Object.entries(read).flatMap(([name, value]) => (isPiMemory(value, sample) ? [[name, value]] : [])),
  );
}

function isPiMemory(value: unknown, sample: MachineState): value is PiMemory {
  if (!isRecord(value)) return false;
  const { boot, state } = value;
  if (!isRecord(boot) || !isRecord(state)) return false;
  const { bootId, bootedAtMs, isColdBoot } = boot;
  const isBoot = typeof bootId === 'string' && BOOT_ID.test(bootId) && typeof bootedAtMs === 'number';
  return isBoot && typeof isColdBoot === 'boolean' && Object.keys(sample).every((key) => Number.isFinite(state[key]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

export async function saveSiteMemory(
  files: Pick<Files, 'writeAtomic'>,
  path: string,
  memory: SiteMemory,
): Promise<void> {
  await files.writeAtomic(path, `${JSON.stringify(memory, null, 1)}\n`);
}
