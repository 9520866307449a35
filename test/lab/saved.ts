/** The switch and the fileserver as they are when they have booted: kept once, taken up again by every later rack. */

import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { guestFile } from './host/qemu.js';
import { qmp } from './host/qmp.js';

const SAVE_MS_MAX = 120_000;
const POLL_MS = 100;

/** Where a guest's memory is kept, and how an emulator is told to go on from there. */
const stateFile = (dir: string, guest: string): string => path.join(dir, `${guest}.state`);

export const resumeArgs = (savedDir: string, guest: string): readonly string[] => [
  ...['-incoming', `exec:cat '${stateFile(savedDir, guest)}'`],
];

/**
 * Keeps guests that have booted: memory and the layers of their disks, all at rest together. They go on afterwards.
 * @throws Error when the emulator cannot give away its state
 */
export async function saveGuests(
  rackDir: string,
  guests: readonly string[],
  disks: readonly string[],
  to: string,
): Promise<void> {
  const socket = (guest: string): string => guestFile(rackDir, guest, 'qmp');
  for (const guest of guests) await qmp(socket(guest), 'stop');
  for (const guest of guests) {
    await qmp(socket(guest), 'migrate', { uri: `exec:cat > '${stateFile(to, guest)}'` });
    await migrated(socket(guest));
  }
  for (const disk of disks) copyFileSync(path.join(rackDir, disk), path.join(to, disk));
  for (const guest of guests) await qmp(socket(guest), 'cont');
}

async function migrated(socket: string): Promise<void> {
  const endsAtMs = performance.now() + SAVE_MS_MAX;
  for (;;) {
    const answer = await qmp(socket, 'query-migrate');
    const status = typeof answer === 'object' && answer !== null && 'status' in answer ? answer.status : undefined;
    if (status === 'completed') return;
    if (status === 'failed' || performance.now() > endsAtMs)
      throw new Error(`cannot be kept: ${JSON.stringify(answer)}`);
    await wait(POLL_MS);
  }
}
