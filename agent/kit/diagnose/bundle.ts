import { BrambleError } from '../../../proto/contract/errors.js';
import type { Host } from '../host/ports.js';
import { withLimit } from '../limit.js';
import { redact } from './redact.js';
import type { Section } from './sections.js';
import { tarEnd, tarEntry } from './tar.js';

/** Of all files together, before compression. */
export const BUNDLE_BYTES_MAX = 4 * 2 ** 20;
/** Of one file. */
const SECTION_BYTES_MAX = 2 ** 20;
/** For one file: what hangs must not take the others along. */
const SECTION_LIMIT_MS = 45_000;
const CUT_NOTE = '\n[cut: the bundle is full]\n';

/**
 * A compressed tar archive of all sections, one at a time, so that a small board never holds more than one as text. What
 * cannot be had is told in its place; secrets are taken out of everything, the reasons included.
 */
export function packBundle(
  host: Pick<Host, 'clock' | 'gzip'>,
  sections: readonly Section[],
  signal: AbortSignal,
): Promise<Uint8Array> {
  return host.gzip.pack(entries(host, sections, signal));
}

async function* entries(
  { clock }: Pick<Host, 'clock'>,
  sections: readonly Section[],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let roomBytes = BUNDLE_BYTES_MAX - tarEnd().length;
  for (const { name, read } of sections) {
    const found = await withLimit({ clock, limitMs: SECTION_LIMIT_MS, signal }, read).catch((error: unknown) => {
      if (signal.aborted) throw error;
      return `not available: ${BrambleError.from(error).message}\n`;
    });
    const empty = tarEntry(name, new Uint8Array(), 0).length;
    const content = fitting(redact(found), Math.min(SECTION_BYTES_MAX, roomBytes - 2 * empty));
    if (content === undefined) break;
    const entry = tarEntry(name, content, clock.nowMs());
    roomBytes -= entry.length;
    yield entry;
  }
  yield tarEnd();
}

/** The text as bytes; its beginning where there is no room for all. `undefined` when there is no room for anything. */
function fitting(text: string, roomBytes: number): Uint8Array | undefined {
  const content = new TextEncoder().encode(text);
  if (content.length <= roomBytes) return content;
  if (roomBytes < 1_024) return undefined;
  const note = new TextEncoder().encode(CUT_NOTE);
  const cut = content.slice(0, roomBytes);
  cut.set(note, roomBytes - note.length);
  return cut;
}
