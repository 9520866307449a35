import { execFile } from 'node:child_process';
import type { HostFacts } from '../proto/contract/api/doctor.js';

const ASK_MS_MAX = 2_000;

/**
 * Whether the kernel says that the clock is kept right (adjtimex(2), STA_UNSYNC), whichever service does it. Node cannot
 * ask the kernel, so timedatectl does. Where there is none, nobody knows.
 */
export function clockSynchronised(): Promise<HostFacts['clockSynchronised']> {
  const words = ['show', '--property=NTPSynchronized', '--value'];
  return new Promise((resolve) => {
    execFile('timedatectl', words, { timeout: ASK_MS_MAX }, (error, said) => {
      resolve(error === null ? parseSynchronised(said) : 'unknown');
    });
  });
}

/** Source: timedatectl(1), show; systemd src/timedate/timedated.c, NTPSynchronized. */
export function parseSynchronised(said: string): HostFacts['clockSynchronised'] {
  const word = said.trim();
  return word === 'yes' || word === 'no' ? word : 'unknown';
}
