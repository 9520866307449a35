import type { CertificateFact } from '../../../proto/contract/api/doctor.js';
import { visible } from '../../../proto/contract/visible.js';
import { renderBytes, renderCount, renderDuration, renderPercent } from '../../../proto/contract/words.js';
import { type Check, type Finding, type Gathered, ofFacts, type Verdict } from './gathered.js';

const DAY_MS = 86_400_000;
const GIB = 1024 ** 3;

const SPACE = { warn: { ratio: 0.1, bytes: 2 * GIB }, fail: { ratio: 0.02, bytes: 0.25 * GIB } } as const;
const LOOP_DELAY = { warnMs: 250, failMs: 1_000 } as const;
const BACKUP_AGE_MS_MAX = 7 * DAY_MS;
/** A node takes one connection, two while it renews or uploads; the rest is for files, doors and people. */
const FILES = { perNode: 2, own: 512, fullRatio: 0.9 } as const;

/** Its store answers, its listeners listen. */
export const checkParts: Check = ofFacts(({ parts }) =>
  parts.map(({ part, ready, detail }): Finding => {
    const check = visible(part, 40);
    if (ready) return { check, verdict: 'ok', message: visible(detail) };
    const remedy = 'read the controller’s log: journalctl -u bramble-controller -n 50';
    return { check, verdict: 'fail', message: visible(detail), remedy };
  }),
);

export const checkSpace: Check = ofFacts(({ host: { dataDir } }): readonly Finding[] => {
  const check = 'space';
  if (dataDir === undefined) return [{ check, verdict: 'unknown', message: 'its filesystem does not tell' }];
  const { freeBytes, totalBytes } = dataDir;
  const ratio = totalBytes > 0 ? freeBytes / totalBytes : 0;
  // A small part of a large disk is still room; of a small disk every part is small.
  const isBelow = (limit: { readonly ratio: number; readonly bytes: number }): boolean =>
    freeBytes < limit.bytes || (ratio < limit.ratio && freeBytes < 10 * limit.bytes);
  const message = `${renderBytes(freeBytes)} (${renderPercent(ratio)}) left for its data`;
  if (!isBelow(SPACE.warn)) return [{ check, verdict: 'ok', message }];
  const remedy = 'make room, or keep less: shorten retention in its configuration';
  return [{ check, verdict: isBelow(SPACE.fail) ? 'fail' : 'warn', message, remedy }];
});

/** Enough open files for every node at once: they all come back together after a restart. */
export const checkOpenFiles: Check = ofFacts(({ host: { openFiles }, nodes: { inService } }): readonly Finding[] => {
  const check = 'open-files';
  if (openFiles === undefined) return [{ check, verdict: 'unknown', message: 'its system does not tell' }];
  const { openCount, limit } = openFiles;
  const wanted = inService * FILES.perNode + FILES.own;
  if (limit === undefined) return [{ check, verdict: 'ok', message: `${openCount} open, no limit` }];
  const message = `${openCount} open of at most ${limit}; ${renderCount(inService, 'node')} may need ${wanted}`;
  const remedy = `set LimitNOFILE=${Math.max(65_536, wanted * 2)} in the controller’s unit, and restart it`;
  if (openCount >= limit * FILES.fullRatio) return [{ check, verdict: 'fail', message, remedy }];
  return limit >= wanted ? [{ check, verdict: 'ok', message }] : [{ check, verdict: 'warn', message, remedy }];
});

export const checkLoad: Check = ofFacts(({ host: { eventLoopDelayMs } }): readonly Finding[] => {
  const message = `its work waits up to ${renderDuration(eventLoopDelayMs)} for its turn`;
  if (eventLoopDelayMs < LOOP_DELAY.warnMs) return [{ check: 'load', verdict: 'ok', message }];
  const verdict = eventLoopDelayMs < LOOP_DELAY.failMs ? 'warn' : 'fail';
  const remedy = 'see what else runs on that machine (top), and bramble_ figures at /metrics';
  return [{ check: 'load', verdict, message, remedy }];
});

export const checkBackup: Check = ofFacts(({ nowMs, host: { lastBackupAtMs } }): readonly Finding[] => {
  const check = 'backup';
  const remedy = 'bramble backup FOLDER, on a medium of its own, every day';
  if (lastBackupAtMs === undefined) return [{ check, verdict: 'warn', message: 'there is none', remedy }];
  const ageMs = Math.max(0, nowMs - lastBackupAtMs);
  const message = `the newest is ${renderDuration(ageMs)} old`;
  return ageMs <= BACKUP_AGE_MS_MAX
    ? [{ check, verdict: 'ok', message }]
    : [{ check, verdict: 'warn', message, remedy }];
});

/** How much of its life each certificate must have left, by what it takes to get the next one. */
const LEFT_MS_MIN = {
  root: { warn: 180 * DAY_MS, fail: 31 * DAY_MS },
  // Signed at a start with 180 days left; what it signs lives for 30 days.
  agents: { warn: 179 * DAY_MS, fail: 31 * DAY_MS },
  actuators: { warn: 179 * DAY_MS, fail: 31 * DAY_MS },
  servers: { warn: 179 * DAY_MS, fail: 31 * DAY_MS },
  overlay: { warn: 179 * DAY_MS, fail: 31 * DAY_MS },
  // Renewed with ten days left.
  controller: { warn: 9 * DAY_MS, fail: 2 * DAY_MS },
  page: { warn: 21 * DAY_MS, fail: 3 * DAY_MS },
} as const satisfies Record<CertificateFact['role'], { readonly warn: number; readonly fail: number }>;

const SIGNED_AT_START = 'restart the controller: it signs a successor when it starts';
const CERTIFICATE_REMEDY = {
  root: 'nothing renews a root: set up a controller with a new one, and let every node join it, before this one ends',
  ...{ agents: SIGNED_AT_START, actuators: SIGNED_AT_START, servers: SIGNED_AT_START, overlay: SIGNED_AT_START },
  controller: 'it should have renewed itself: read the controller’s log, then restart it',
  page: 'put a new one where http.tls of the controller names it, and restart the controller',
} as const satisfies Record<CertificateFact['role'], string>;

export const checkCertificates: Check = ofFacts(({ nowMs, certificates }): readonly Finding[] => {
  const check = 'certificates';
  const judged = certificates.map((certificate) => ({ ...certificate, leftMs: certificate.expiresAtMs - nowMs }));
  const found = judged.flatMap(({ role, leftMs }): readonly Finding[] => {
    const verdict = verdictOf(leftMs, LEFT_MS_MIN[role]);
    if (verdict === 'ok') return [];
    const end = leftMs > 0 ? `ends in ${renderDuration(leftMs)}` : `ended ${renderDuration(-leftMs)} ago`;
    return [{ check, verdict, message: `the certificate “${role}” ${end}`, remedy: CERTIFICATE_REMEDY[role] }];
  });
  if (found.length > 0) return found;
  const first = judged.toSorted((a, b) => a.leftMs - b.leftMs)[0];
  const next = first === undefined ? '' : `; the next to end is “${first.role}”, in ${renderDuration(first.leftMs)}`;
  return [{ check, verdict: 'ok', message: `${renderCount(judged.length, 'certificate')} good${next}` }];
});

function verdictOf(left: number, least: { readonly warn: number; readonly fail: number }): Verdict {
  if (left <= least.fail) return 'fail';
  return left <= least.warn ? 'warn' : 'ok';
}

export const checkNodeCertificates: Check = ofFacts(({ nowMs, nodes: { expiring, inService } }): readonly Finding[] => {
  const check = 'node-certificates';
  const [first] = expiring.first;
  if (first === undefined) {
    return [{ check, verdict: 'ok', message: `${renderCount(inService, 'node')}, none near its end` }];
  }
  const leftMs = first.expiresAtMs - nowMs;
  const name = `${visible(first.name)} (${visible(first.site)})`;
  const end = leftMs > 0 ? `ends in ${renderDuration(leftMs)}` : `ended ${renderDuration(-leftMs)} ago`;
  return [
    {
      check,
      verdict: leftMs > 0 ? 'warn' : 'fail',
      message: `${renderCount(expiring.count, 'node')} of ${inService} should have renewed by now; that of ${name} ${end}`,
      remedy: 'bramble why NODE says whether it is there at all; one that ended has to join again with a new token',
    },
  ];
});

/** Whether agents would reach it from here. */
export const checkDoors: Check = ({ doors, address }: Gathered) =>
  doors.map(({ door, endpoint, tried }): Finding => {
    const check = `${door}-reachable`;
    const at = visible(endpoint);
    if ('value' in tried) return { check, verdict: 'ok', message: `${at} takes connections` };
    // Elsewhere a firewall may be right; on the controller's own machine nothing is in between.
    const isHere = 'value' in address && address.value.kind === 'socket';
    return {
      check,
      verdict: isHere ? 'fail' : 'warn',
      message: `${at} is not reached from here: ${visible(tried.error.message)}`,
      remedy: `agents are told to connect there: correct ${door}.advertise in the controller’s configuration, or open the port`,
    };
  });
