/** Which order carries a step out, or undoes it. */

import { preparedGeneration } from '../../../proto/contract/netboot/prepared.js';
import type { CommandAction } from '../command.js';
import type { Order } from './advance.js';
import type { Saga, StepName, StepRecord } from './saga.js';

export type Deed =
  | {
      readonly kind: 'command';
      readonly agent: 'fileserver' | 'switch';
      readonly action: CommandAction;
      readonly validForMs: number;
      /** For the undo of this step. */
      readonly before: string;
    }
  /** What boards boot from, as desired state of the fileserver. `back`: as the step's `before` says. */
  | { readonly kind: 'boot-set'; readonly edit: 'know' | 'forget' | 'rescue' | 'root' | 'move' | 'back' }
  /** Ports of the switch. `back`: the plan of before. */
  | { readonly kind: 'ports'; readonly edit: 'open' | 'close' | 'move' | 'back' }
  | { readonly kind: 'topology'; readonly edit: 'reserve' | 'unreserve' | 'move' | 'move-back' | 'retire' }
  | { readonly kind: 'drain'; readonly phase: 'drain' | 'restore' }
  /** Nothing is done: it is looked at. */
  | { readonly kind: 'look' }
  /** There is nothing to do. */
  | { readonly kind: 'nothing'; readonly detail: string }
  /** It cannot be done. */
  | { readonly kind: 'impossible'; readonly detail: string };

const MINUTE_MS = 60_000;
const LONG_MS = 50 * MINUTE_MS;

const NOTHING: Deed = { kind: 'nothing', detail: '' };
const LOOK: Deed = { kind: 'look' };

export function deedOf(saga: Saga, { at, way }: Order): Deed {
  const step = saga.steps[at];
  if (step === undefined) return NOTHING;
  return way === 'do' ? doing(saga, step) : undoing(saga, step);
}

function doing(saga: Saga, { name }: StepRecord): Deed {
  const { target, wish, kind } = saga;
  const serial = target.rootSerial;
  const served = String(target.generation);
  switch (name) {
    case 'reserve':
      return kind === 'provision' ? { kind: 'topology', edit: 'reserve' } : NOTHING;
    case 'boot-port':
      return { kind: 'boot-set', edit: kind === 'release' ? 'forget' : 'know' };
    case 'prepare-root': {
      const { image, dataBytes, freshData } = wish;
      const action = { kind: 'root-prepare', serial, image, dataBytes, freshData } as const;
      return disk(action, served, LONG_MS);
    }
    case 'activate-root': {
      const generation = generationMade(saga);
      if (generation === undefined) return { kind: 'impossible', detail: 'nobody told which generation was prepared' };
      return disk({ kind: 'root-activate', serial, generation }, served);
    }
    case 'roll-back-root':
      // By its number: asked twice it is the same, and going back from where one went back is not.
      return disk({ kind: 'root-activate', serial, generation: target.previousGeneration }, served);
    case 'remove-root':
      return disk({ kind: 'root-remove', serial, keepData: false }, '');
    case 'power-off':
      return power(saga, target.interfaceName, 'off');
    case 'spare-off':
      return power(saga, target.spare?.interfaceName ?? target.interfaceName, 'off');
    case 'power-on':
      return power(saga, target.spare?.interfaceName ?? target.interfaceName, 'on');
    case 'try-ports':
      return { kind: 'ports', edit: kind === 'relocate' ? 'move' : kind === 'release' ? 'close' : 'open' };
    case 'keep-ports':
      return confirm(tokenOf(saga, 'try-ports'));
    case 'enter-rescue':
      return { kind: 'boot-set', edit: 'rescue' };
    case 'leave-rescue':
      return { kind: 'boot-set', edit: 'root' };
    case 'move-board':
      return { kind: 'boot-set', edit: 'move' };
    case 'move':
      return { kind: 'topology', edit: 'move' };
    case 'retire':
      return { kind: 'topology', edit: 'retire' };
    case 'drain':
      return { kind: 'drain', phase: 'drain' };
    case 'restore':
      return { kind: 'drain', phase: 'restore' };
    case 'follow':
    case 'follow-rescue':
    case 'verify':
      return LOOK;
  }
}

function undoing(saga: Saga, { name, before, token }: StepRecord): Deed {
  const { target } = saga;
  const serial = target.rootSerial;
  const generation = Number(before);
  switch (name) {
    case 'reserve':
      return before === '' ? NOTHING : { kind: 'topology', edit: 'unreserve' };
    case 'boot-port':
    case 'enter-rescue':
    case 'move-board':
      return before === '' ? NOTHING : { kind: 'boot-set', edit: 'back' };
    case 'prepare-root':
      // Serving the same again discards whatever else was prepared.
      return generation > 0
        ? disk({ kind: 'root-activate', serial, generation }, before)
        : disk({ kind: 'root-remove', serial, keepData: false }, before);
    case 'activate-root':
    case 'roll-back-root':
      if (generation > 0) return disk({ kind: 'root-activate', serial, generation }, before);
      return NOTHING; // with the root that was prepared goes what is served of it
    case 'power-off':
      return power(saga, target.interfaceName, 'on');
    case 'power-on':
      return power(saga, target.spare?.interfaceName ?? target.interfaceName, 'off');
    case 'keep-ports':
      return tokenOf(saga, 'try-ports') === '' ? NOTHING : { kind: 'ports', edit: 'back' };
    case 'try-ports': {
      const kept = stepOf(saga, 'keep-ports');
      if (token === '') return NOTHING;
      if (kept?.state === 'undone' && kept.token !== '') return confirm(kept.token);
      return switchDeed({ kind: 'switch-roll-back', changeId: token });
    }
    case 'move':
      return { kind: 'topology', edit: 'move-back' };
    case 'drain':
      return { kind: 'drain', phase: 'restore' };
    default:
      return NOTHING;
  }
}

function disk(action: CommandAction, before: string, validForMs = 2 * MINUTE_MS): Deed {
  return { kind: 'command', agent: 'fileserver', action, before, validForMs };
}

function switchDeed(action: CommandAction): Deed {
  return { kind: 'command', agent: 'switch', action, before: '', validForMs: MINUTE_MS };
}

function confirm(changeId: string): Deed {
  return changeId === ''
    ? { kind: 'nothing', detail: 'nothing was changed' }
    : switchDeed({ kind: 'switch-confirm', changeId });
}

function power({ id }: Saga, port: string, action: 'on' | 'off'): Deed {
  return switchDeed({ kind: 'switch-power', port, action, offMs: 0, bootLeaseId: action === 'on' ? `saga-${id}` : '' });
}

export function stepOf({ steps }: Pick<Saga, 'steps'>, name: StepName): StepRecord | undefined {
  return steps.findLast((step) => step.name === name);
}

const tokenOf = (saga: Saga, name: StepName): string => stepOf(saga, name)?.token ?? '';

function generationMade(saga: Saga): number | undefined {
  return preparedGeneration(stepOf(saga, 'prepare-root')?.detail ?? '');
}
