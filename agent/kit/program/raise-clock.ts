import { BUILD_TIME_MS } from '../../../proto/contract/build.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { ClockFloor } from '../clock-floor.js';
import { CLOCK_RAISED_MARK } from '../collectors/clock.js';
import type { Host } from '../host/ports.js';
import { visibleTime } from './visible-time.js';

/**
 * A floor this far after the build is not believed: the file belongs to the unprivileged agent, and root must not let it
 * push the machine past the life of every certificate. Ten years.
 */
const AHEAD_OF_BUILD_MAX_MS = 10 * 365 * 24 * 3_600_000;
const SET_TIMEOUT_MS = 10_000;

export type RaisedClock =
  | { readonly kind: 'kept'; readonly nowMs: number }
  | { readonly kind: 'set'; readonly toMs: number };

/**
 * Moves the system clock forward to the clock floor when it is behind; never back. For the root oneshot that runs before
 * everything that judges certificates: a board without a battery-backed clock starts in 1970.
 * @throws BrambleError when the clock cannot be set
 */
export async function raiseClock(
  host: Pick<Host, 'clock' | 'exec' | 'files'>,
  path: string,
  buildTimeMs: number = BUILD_TIME_MS,
): Promise<RaisedClock> {
  const { clock, exec, files } = host;
  const stored = await ClockFloor.load({ files, path, clock, buildTimeMs });
  const isBelievable = stored.valueMs <= buildTimeMs + AHEAD_OF_BUILD_MAX_MS;
  const floorMs = isBelievable ? stored.valueMs : buildTimeMs;
  const nowMs = clock.nowMs();
  if (nowMs >= floorMs) return { kind: 'kept', nowMs };
  const limits = { signal: new AbortController().signal, timeoutMs: SET_TIMEOUT_MS };
  // Source: date(1); "@" and seconds since 1970.
  const { status, stderr } = await exec.run(['date', '--utc', `--set=@${Math.ceil(floorMs / 1000)}`], limits);
  if (status === 0) {
    // For the agent to tell. A clock that is right is worth more than a mark that could not be left.
    await files.writeAtomic(CLOCK_RAISED_MARK, '', 0o644).catch(() => undefined);
    return { kind: 'set', toMs: floorMs };
  }
  throw new BrambleError('permission-denied', `setting the clock: ${stderr.trim().slice(0, 200)}`, {
    hint: 'only root may do that: enable bramble-clock-floor.service',
  });
}

/** For the journal. */
export function renderRaisedClock(raised: RaisedClock): string {
  if (raised.kind === 'set') return `the clock was behind; it now shows ${visibleTime(raised.toMs)}\n`;
  return `the clock shows ${visibleTime(raised.nowMs)}, which can be true; it was left alone\n`;
}
