import { BrambleError } from '../../../proto/contract/errors.js';
import type { Machine, OrderCaller, Services, StorageQuestion } from '../host/ports.js';
import type { TunnelActuator } from '../tunnel/order.js';
import { type ConfigActuatorMaker, carryOutConfig } from './config-verbs.js';
import type { HelperPolicy } from './policy.js';
import type { HelperRequest } from './protocol.js';
import { orderOf } from './raid-verbs.js';

export interface HelperMeans {
  readonly services: Services;
  readonly machine: Machine;
  readonly tunnel: TunnelActuator;
  readonly configActuator: ConfigActuatorMaker;
}

export interface HelperCaller extends OrderCaller {
  /** Aborts when nobody waits any more. */
  readonly gone: AbortSignal;
}

/** What an answer carries beside its success. */
export interface Done {
  readonly text?: string;
  readonly changes?: readonly string[];
}

/**
 * Does what was asked, when root's list has it. Answers with what it found or changed, where that was asked for.
 * @param caller who waits: what may end when nobody does any more ends, such as blinking; anything else is finished once
 * begun, and has limits of its own.
 * @throws BrambleError `permission-denied` for what is not on the list, or of what was done
 */
export async function carryOut(
  request: HelperRequest,
  policy: HelperPolicy,
  means: HelperMeans,
  caller: HelperCaller,
): Promise<Done> {
  const { services, machine, configActuator } = means;
  const { signal } = new AbortController();
  switch (request.verb) {
    case 'restart-unit':
      allow(policy.units.includes(request.unit), `restart of ${JSON.stringify(request.unit.slice(0, 64))}`);
      await services.restart(request.unit, signal);
      return {};
    case 'reboot':
      allow(policy.reboot, 'reboot');
      await services.reboot(signal);
      return {};
    case 'remount':
      allow(policy.mounts.includes(request.mountPoint), `remount of ${JSON.stringify(request.mountPoint)}`);
      await machine.remount(request.mountPoint, request.access, signal);
      return {};
    case 'step-clock':
      allow(policy.stepClock, 'stepping the clock');
      await machine.stepClock(signal);
      return {};
    case 'identify':
      allow(policy.identify, 'blinking the LED');
      await machine.blink(request.forMs, caller.gone);
      return {};
    case 'identify-end':
      await machine.endBlink(signal);
      return {};
    case 'journal':
      allow(policy.journal.includes(request.unit), `journal of ${JSON.stringify(request.unit)}`);
      return { text: await machine.journal({ kind: 'unit', unit: request.unit }, request.lines, signal) };
    case 'kernel-log':
      allow(policy.kernelLog, 'the kernel log');
      return { text: await machine.journal({ kind: 'kernel' }, request.lines, signal) };
    case 'smart':
    case 'thin-pools':
    case 'raid-member':
      allow(policy.storage, 'reading of storage');
      return { text: await machine.storage(questionOf(request), signal) };
    case 'traffic':
      allow(policy.traffic, 'counting of packets');
      return { text: JSON.stringify(await machine.traffic(request.interfaces, signal)) };
    case 'raid-add':
    case 'raid-remove':
    case 'raid-replace':
    case 'raid-sync':
      allow(policy.raid.includes(request.array), `a change of array ${JSON.stringify(request.array)}`);
      await machine.raid(orderOf(request), signal);
      return {};
    case 'tunnel':
      allow(policy.tunnel, 'a tunnel');
      await means.tunnel.apply(request.order, signal);
      return {};
    case 'own':
      return { text: await machine.own(request.order, signal, caller) };
    default:
      return { changes: await carryOutConfig(request, await configActuator(policy.config), signal) };
  }
}

function questionOf(request: Extract<HelperRequest, { verb: StorageQuestion['kind'] }>): StorageQuestion {
  switch (request.verb) {
    case 'smart':
      return { kind: 'smart', disk: request.disk };
    case 'thin-pools':
      return { kind: 'thin-pools' };
    case 'raid-member':
      return { kind: 'raid-member', member: request.member };
  }
}

/** @throws BrambleError `permission-denied` */
function allow(isAllowed: boolean, what: string): asserts isAllowed {
  if (isAllowed) return;
  throw new BrambleError('permission-denied', `${what} is not on this machine's list`, {
    hint: 'root may add it to the policy file of the helper',
  });
}
