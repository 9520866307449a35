import type { Files } from '../kit/host/ports.js';
import type { Boot } from './simulated-machine.js';

/** Which boot each Pi is in, by name: a site that is started again goes on as if it had never been away. */
export type SiteMemory = Readonly<Record<string, Boot>>;

const BOOT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What cannot be read is forgotten: the Pi concerned has booted anew then. */
export function parseSiteMemory(text: string | undefined): SiteMemory {
  let read: unknown;
  try {
    read = JSON.parse(text ?? '{}');
  } catch {
    return {}; // damaged: only boots are lost
  }
  if (typeof read !== 'object' || read === null) return {};
  return Object.fromEntries(Object.entries(read).flatMap(([name, value]) => (isBoot(value) ? [[name, value]] : [])));
}

function isBoot(value: unknown): value is Boot {
  if (typeof value !== 'object' || value === null) return false;
  const { bootId, bootedAtMs, isColdBoot } = value as Record<string, unknown>; // any object has string keys
  return (
    typeof bootId === 'string' &&
    BOOT_ID.test(bootId) &&
    typeof bootedAtMs === 'number' &&
    typeof isColdBoot === 'boolean'
  );
}

export async function loadSiteMemory(files: Pick<Files, 'readText'>, path: string): Promise<SiteMemory> {
  return parseSiteMemory(await files.readText(path));
}

export async function saveSiteMemory(
  files: Pick<Files, 'writeAtomic'>,
  path: string,
  memory: SiteMemory,
): Promise<void> {
  await files.writeAtomic(path, `${JSON.stringify(memory, null, 2)}\n`);
}
