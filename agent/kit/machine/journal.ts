import { BrambleError } from '../../../proto/contract/errors.js';
import type { Exec, ExecResult, JournalSource } from '../host/ports.js';
import { checkUnitName } from '../host/unit-state.js';

/** Lines that may be asked for at once. */
export const JOURNAL_LINES_MAX = 2_000;
/** Of the text, UTF-16 units. */
const TEXT_MAX = 256 * 1024;
const TIMEOUT_MS = 20_000;

/** The most that Exec keeps of a program's output: beyond it the newest lines are missing. */
const OUTPUT_CUT = 2 ** 20;

/**
 * Asks journalctl(1), oldest line first. Lines that are too much are left out at the old end.
 * @throws BrambleError `unsupported` (no journalctl), `invalid-argument` (not a unit), `permission-denied`, `unavailable`
 */
export async function readJournal(
  exec: Exec,
  source: JournalSource,
  linesMax: number,
  signal: AbortSignal,
): Promise<string> {
  if (source.kind === 'unit') checkUnitName(source.unit);
  const what = source.kind === 'kernel' ? '--dmesg' : `--unit=${source.unit}`;
  // Lines may be kilobytes long: then fewer of them are asked for, until the newest are among what came.
  for (let lines = Math.min(linesMax, JOURNAL_LINES_MAX); ; lines = Math.ceil(lines / 4)) {
    const options = ['--no-pager', '--quiet', '--output=short-iso', `--lines=${lines}`] as const;
    const result = await run(exec, ['journalctl', ...options, what], signal);
    if (result.status !== 0) throw journalError(result);
    const sizeBytes = new TextEncoder().encode(result.stdout).length;
    if (sizeBytes < OUTPUT_CUT || lines === 1) return wholeLines(result.stdout);
  }
}

function journalError({ status, stderr }: ExecResult): BrambleError {
  const said = stderr.trim().slice(0, 300);
  const code = /permission|not authorized/i.test(said) ? 'permission-denied' : 'unavailable';
  return new BrambleError(code, `journalctl: ${said === '' ? `ended with ${status}` : said}`);
}

async function run(exec: Exec, argv: readonly [string, ...string[]], signal: AbortSignal): Promise<ExecResult> {
  try {
    return await exec.run(argv, { signal, timeoutMs: TIMEOUT_MS });
  } catch (error) {
    if (BrambleError.from(error).code !== 'not-found') throw error;
    throw new BrambleError('unsupported', 'there is no journalctl on this machine', { cause: error });
  }
}

function wholeLines(text: string): string {
  if (text.length <= TEXT_MAX) return text;
  return text.slice(text.indexOf('\n', text.length - TEXT_MAX - 1) + 1);
}
