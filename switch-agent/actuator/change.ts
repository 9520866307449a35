import { BrambleError } from '../../proto/contract/errors.js';
import { diffLines, NOT_ON_TRIAL } from '../../proto/contract/switch/change.js';
import { parseInterfaces } from '../../proto/contract/switch/parse-interfaces.js';
import { everyVlanOf, type SwitchPlan } from '../../proto/contract/switch/plan.js';
import { blockingFindings, preflight } from '../../proto/contract/switch/preflight.js';
import { renderInterfaces } from '../../proto/contract/switch/render-interfaces.js';
import type { ActuatorHost } from './host.js';
import { checkStaged, queryDrift, reload } from './ifupdown.js';
import type { SwitchPolicy } from './policy.js';
import { assertConfirmable, readTrial, type Trial, writeTrial } from './trial.js';

/** How often a restored file is looked at before the switch is frozen, and the pause between, ms. */
const LOOKS = 4;
const LOOK_AGAIN_MS = 2_000;
/** Whoever restores is taken for dead after this, and the keeper does it, ms. */
const RESTORE_MS = 45_000;

export interface ChangeOrder {
  readonly changeId: string;
  readonly plan: SwitchPlan;
  readonly confirmWithinMs: number;
}

/** Looks at a change without making it. Answers with the lines that differ. @throws BrambleError `failed-precondition` */
export async function stage(
  host: ActuatorHost,
  plan: SwitchPlan,
  policy: SwitchPolicy,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const before = (await host.files.readText(host.paths.interfaces)) ?? '';
  const current = currentPlan(before);
  assertAllowed(plan, current, policy);
  const text = renderInterfaces(plan);
  await host.files.writeAtomic(host.paths.staged, text);
  await checkStaged(host, host.paths.staged, signal);
  return diffLines(before, text);
}

/**
 * Puts a plan in place, on trial. Each step is on storage before it is taken, and the keeper runs before the first one that
 * touches a port: whatever dies from here on, the old file comes back unless somebody confirms in time.
 * @throws BrambleError of what failed, after the old file was put back
 */
export async function apply(
  host: ActuatorHost,
  { changeId, plan, confirmWithinMs }: ChangeOrder,
  policy: SwitchPolicy,
  signal: AbortSignal,
): Promise<readonly string[]> {
  await assertIdle(host);
  const diff = await stage(host, plan, policy, signal);
  if (diff.length === 0) throw new BrambleError('failed-precondition', 'the switch has this file already');
  const deadlineMs = host.clock.monotonicMs() + confirmWithinMs;
  const trial: Trial = { changeId, phase: 'armed', bootId: host.bootId, deadlineMs, why: '' };
  await host.files.writeAtomic(host.paths.previous, (await host.files.readText(host.paths.interfaces)) ?? '', 0o644);
  await writeTrial(host, trial);
  try {
    await host.keeper.start({ kind: 'change', changeId }, signal);
  } catch (cause) {
    await host.files.remove(host.paths.trial);
    throw new BrambleError('unavailable', 'nobody could be made to take the change back: it was not made', { cause });
  }
  try {
    await writeTrial(host, { ...trial, phase: 'written' });
    await host.files.writeAtomic(host.paths.interfaces, renderInterfaces(plan), 0o644);
    await reload(host, signal);
    await assertInPlace(host, signal);
    await writeTrial(host, { ...trial, phase: 'on-trial' });
  } catch (thrown) {
    const error = BrambleError.from(thrown);
    const outcome = await restore(host, { ...trial, why: error.message }, new AbortController().signal);
    throw new BrambleError('failed-precondition', `${error.message}; ${outcome}`, { cause: thrown });
  }
  return diff;
}

/** The change stays. @throws BrambleError `failed-precondition` when it is no longer on trial */
export async function confirm(host: ActuatorHost, changeId: string): Promise<void> {
  const trial = await readTrial(host);
  assertConfirmable(trial, changeId, host.bootId, host.clock.monotonicMs());
  await host.files.remove(host.paths.trial);
}

/** Takes the change on trial back now, or tries once more to restore a frozen switch. */
export async function rollBack(host: ActuatorHost, changeId: string, signal: AbortSignal): Promise<string> {
  const trial = await readTrial(host);
  if (trial === undefined || trial.changeId !== changeId) {
    throw new BrambleError('failed-precondition', `${NOT_ON_TRIAL}: it was confirmed before, or taken back`);
  }
  const why = trial.phase === 'frozen' ? trial.why : 'it was asked to be taken back';
  return restore(host, { ...trial, why }, signal);
}

/**
 * Puts the old file back, loads it and looks until the kernel agrees. Answers in words. What cannot be verified freezes the
 * switch: another change on top of an unknown state would make it worse.
 */
export async function restore(host: ActuatorHost, trial: Trial, signal: AbortSignal): Promise<string> {
  const deadlineMs = host.clock.monotonicMs() + RESTORE_MS;
  const restoring: Trial = { ...trial, phase: 'restoring', bootId: host.bootId, deadlineMs };
  await writeTrial(host, restoring);
  const previous = await host.files.readText(host.paths.previous);
  if (previous === undefined) return freeze(host, restoring, 'the old file is gone');
  await host.files.writeAtomic(host.paths.interfaces, previous, 0o644);
  let last = '';
  for (let look = 0; look < LOOKS; look++) {
    if (look > 0) await host.clock.sleep(LOOK_AGAIN_MS, signal);
    try {
      await reload(host, signal);
      const drift = await queryDrift(host, signal);
      if (drift.length === 0) {
        await host.files.remove(host.paths.trial);
        return 'the old file is back and verified';
      }
      last = drift.slice(0, 5).join('; ');
    } catch (error) {
      if (signal.aborted) throw error;
      last = BrambleError.from(error).message;
    }
  }
  return freeze(host, restoring, last);
}

async function freeze(host: ActuatorHost, trial: Trial, why: string): Promise<string> {
  await writeTrial(host, {
    ...trial,
    phase: 'frozen',
    why: `${trial.why}; the old file could not be verified: ${why}`,
  });
  return `the old file could not be verified (${why}): the switch is frozen until somebody has looked`;
}

async function assertIdle(host: ActuatorHost): Promise<void> {
  const trial = await readTrial(host);
  if (trial === undefined) return;
  const hint =
    trial.phase === 'frozen'
      ? 'look at the switch, then roll the change back once more'
      : 'confirm it, or roll it back';
  throw new BrambleError('failed-precondition', `change ${trial.changeId} is open (${trial.phase})`, { hint });
}

async function assertInPlace(host: ActuatorHost, signal: AbortSignal): Promise<void> {
  const drift = await queryDrift(host, signal);
  if (drift.length > 0) {
    throw new BrambleError('failed-precondition', `the kernel has something else: ${drift.slice(0, 5).join('; ')}`);
  }
}

/** The plan in place; `undefined` for a file that is not ours. */
export function currentPlan(interfacesText: string): SwitchPlan | undefined {
  try {
    return parseInterfaces(interfacesText);
  } catch {
    return undefined; // somebody else's, or changed by hand: nothing is known of it but its text
  }
}

/** @throws BrambleError `failed-precondition` or `permission-denied` (root's own list) */
function assertAllowed(plan: SwitchPlan, current: SwitchPlan | undefined, policy: SwitchPolicy): void {
  const { management } = policy;
  if (management !== '' && plan.management.name !== management) {
    throw new BrambleError('permission-denied', `root's list says that ${management} leads to the controller`);
  }
  for (const port of policy.protectedPorts) {
    const role = [...plan.ports, ...plan.bonds].find(({ name }) => name === port)?.role;
    const isKept = role !== undefined && role.kind !== 'unused' && role.kind !== 'pi' && role.kind !== 'access';
    const lostVlans = role === undefined || role.kind === 'member' ? false : everyVlanOf(role).length === 0;
    if (!isKept || lostVlans) {
      throw new BrambleError('permission-denied', `${port} is on root's list of protected ports: it stays a way out`);
    }
  }
  const found = blockingFindings(preflight(plan, current));
  if (found.length > 0) {
    const words = found.slice(0, 5).map(({ message }) => message);
    throw new BrambleError('failed-precondition', `the plan is refused: ${words.join('; ')}`);
  }
}
