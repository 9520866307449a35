import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unitFlags } from '../setup/unit-flags.js';

/** Built from measured.ts; a root of its own has to hold it. */
export const MEASURED_PROGRAM = join(dirname(fileURLToPath(import.meta.url)), 'measured.mjs');

/** The command that runs one part of an agent under the flags of its unit. */
export function measured(part: 'poll' | 'fileserver-poll' | 'kernel-log'): readonly string[] {
  return [process.execPath, ...unitFlags(), MEASURED_PROGRAM, part];
}
