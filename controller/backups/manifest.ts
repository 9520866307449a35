import { z } from 'zod';
import { BrambleError } from '../../proto/contract/errors.js';

/** The file of a backup that says what else is in it. Written last: a folder without it is no backup. */
export const MANIFEST_FILE = 'manifest.json';
export const DATABASE_FILE = 'bramble.db';
export const KEYS_DIR = 'pki';

const Manifest = z.object({
  format: z.literal('bramble-backup-1'),
  madeAtMs: z.number(),
  /** Of the program that made it. */
  version: z.string(),
  schemaVersion: z.number(),
  files: z
    .array(
      z.object({
        path: z.string().regex(/^(bramble\.db|pki\/[A-Za-z0-9][A-Za-z0-9._-]*)$/, 'not a file of a backup'),
        sizeBytes: z.number(),
        sha256: z.string(),
      }),
    )
    .max(100),
});
export type Manifest = z.infer<typeof Manifest>;

/** @throws BrambleError `data-loss` */
export function parseManifest(text: string, dir: string): Manifest {
  const parsed = Manifest.safeParse(jsonOrUndefined(text));
  if (parsed.success) return parsed.data;
  throw new BrambleError('data-loss', `${dir} has no readable ${MANIFEST_FILE}`, {
    hint: 'name the folder of a whole backup, as bramble backup wrote it',
    cause: parsed.error,
  });
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the caller says that it cannot be read
  }
}
