import { readCount } from '../../agent/kit/collectors/kernel-line.js';
import type { ActionArguments, ActionHost, CommandHandler, Outcome, Refusal } from '../../agent/kit/command/handler.js';
import { isBlockDeviceName } from '../../agent/kit/host/block-device-name.js';
import type { KernelFiles, Machine } from '../../agent/kit/host/ports.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { type MdArray, type MdMember, readMdArrays } from '../collectors/md-array.js';
import { whyUsed } from '../raid/disk-use.js';
import { findArray } from './raid-scrub.js';

type RaidReplace = ActionArguments<'raidReplace'>;

const SETTLE_MS = 30_000;
const LOOK_EVERY_MS = 500;
const SECTORS_PER_KIB = 2;

/**
 * Puts a block device in the place of a member. The new one is added first. A member that still serves is then copied onto it
 * while it serves (mdadm --replace), so that redundancy is never less than before; one that failed is removed first. Done when the
 * kernel has taken the new member: the rebuild goes on by itself, and is told by facts and events.
 */
export function makeRaidReplace(): CommandHandler<RaidReplace> {
  return {
    requiresBootId: true,
    check: async (args, { host }) => judge(args, host.kernel),
    before: async ({ array, oldMember }, { host }) => memberOf(findArray(host.kernel, array), oldMember)?.state ?? '',
    async run(args, context, signal) {
      try {
        await replace(args, context, signal);
      } catch (error) {
        if (signal.aborted) throw error;
        return { kind: 'failed', detail: BrambleError.from(error).message };
      }
      return settled(args, context, signal);
    },
    observe: async (args, _, { host }) => outcomeOf(args, findArray(host.kernel, args.array)),
  };
}

async function replace({ array, oldMember, newMember }: RaidReplace, { host }: ActionHost, signal: AbortSignal) {
  const { machine, kernel } = host;
  const old = memberOf(findArray(kernel, array), oldMember);
  if (old !== undefined && old.state !== 'in-sync') {
    await machine.raid({ kind: 'remove', array, member: oldMember }, signal);
  }
  await machine.raid({ kind: 'add', array, member: newMember }, signal);
  if (old?.state === 'in-sync') await startCopy(machine, { array, oldMember, newMember }, signal);
}

function startCopy(machine: Machine, { array, oldMember, newMember }: RaidReplace, signal: AbortSignal): Promise<void> {
  return machine.raid({ kind: 'replace', array, member: oldMember, by: newMember }, signal);
}

function judge({ array: name, oldMember, newMember }: RaidReplace, kernel: KernelFiles): Refusal | undefined {
  const refused = (reason: Refusal['reason'], detail: string): Refusal => ({ kind: 'rejected', reason, detail });
  const names = oldMember === '' ? [name, newMember] : [name, oldMember, newMember];
  const strange = names.find((each) => !isBlockDeviceName(each));
  if (strange !== undefined)
    return refused('invalid-argument', `no block device: ${JSON.stringify(strange.slice(0, 40))}`);
  const array = findArray(kernel, name);
  if (array === undefined) return refused('precondition', `there is no array ${name}`);
  if (array.missingCount === undefined)
    return refused('precondition', `${name} has no redundancy: nothing can be replaced in it`);
  const action = array.sync?.action ?? 'unknown';
  if (action !== 'idle') return refused('precondition', `${name} is busy: ${action}; wait until it is done`);
  const why = whyNotOld(array, oldMember) ?? whyNotNew(array, newMember, kernel);
  return why === undefined ? undefined : refused('precondition', why);
}

function whyNotOld(array: MdArray, oldMember: string): string | undefined {
  const { name } = array;
  if (oldMember === '') {
    if (array.missingCount !== 0) return undefined;
    return `${name} is whole: name the member that is to go`;
  }
  const old = memberOf(array, oldMember);
  if (old === undefined) return `${oldMember} is no member of ${name}`;
  // A copy needs both: a degraded array is made whole first.
  if (old.state === 'in-sync' && array.missingCount !== 0) return `${name} is degraded and needs ${oldMember}`;
  return old.state === 'rebuilding' ? `${oldMember} is being rebuilt` : undefined;
}

function whyNotNew(array: MdArray, newMember: string, kernel: KernelFiles): string | undefined {
  const inUse = readMdArrays(kernel).find((each) => memberOf(each, newMember) !== undefined);
  if (inUse !== undefined) return `${newMember} is a member of ${inUse.name}`;
  const sectors = readCount(kernel, `/sys/class/block/${newMember}/size`);
  if (sectors === undefined) return `there is no block device ${newMember}`;
  const neededKib = readCount(kernel, `/sys/block/${array.name}/md/component_size`) ?? 0;
  if (sectors / SECTORS_PER_KIB < neededKib) return `${newMember} is too small for ${array.name}`;
  return whyUsed(kernel, newMember);
}

async function settled(args: RaidReplace, { host }: ActionHost, signal: AbortSignal): Promise<Outcome> {
  const startedMs = host.clock.monotonicMs();
  for (;;) {
    const outcome = outcomeOf(args, findArray(host.kernel, args.array));
    if (outcome.kind === 'succeeded' || host.clock.monotonicMs() - startedMs >= SETTLE_MS) return outcome;
    await host.clock.sleep(LOOK_EVERY_MS, signal);
  }
}

/** What is there tells what happened, also to a process that did not do it. */
function outcomeOf({ array: name, newMember }: RaidReplace, array: MdArray | undefined): Outcome {
  if (array === undefined) return { kind: 'unknown', detail: `${name} cannot be seen` };
  const now = memberOf(array, newMember);
  if (now === undefined) return { kind: 'failed', detail: `${newMember} is not in ${name}` };
  if (now.state === 'faulty') return { kind: 'failed', detail: `${newMember} was taken into ${name} and failed` };
  return {
    kind: 'succeeded',
    detail: `${newMember} is in ${name} (${now.state}); ${array.sync?.action ?? 'nothing'} runs`,
  };
}

function memberOf(array: MdArray | undefined, name: string): MdMember | undefined {
  return array?.members.find((member) => member.name === name);
}
