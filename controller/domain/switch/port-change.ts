/** One change of the ports of one switch or of several: all of it stays, or none. Pure; what happens in between is on record. */

import type { CommandId, NodeId, SiteId } from '../../../proto/contract/ids.js';
import type { CommandState } from '../command.js';
import type { Expected } from './witnesses.js';

/**
 * `applying`: every switch was told to put its part on trial; `watching`: all have, and whoever must see them is waited for;
 * `confirming`: all were told that it stays; `taking-back`: all were told to go back. The others are ends: `kept`, `taken-back`,
 * `split` (some kept it and some did not: the ones that kept it are put back by a change of its own), `stuck` (a switch is frozen).
 */
export const PORT_CHANGE_STATES = [
  'applying',
  'watching',
  'confirming',
  'taking-back',
  'kept',
  'taken-back',
  'split',
  'stuck',
] as const;
export type PortChangeState = (typeof PORT_CHANGE_STATES)[number];

/** What one switch is to be. */
export interface PortChangePart {
  readonly nodeId: NodeId;
  readonly site: SiteId;
  /** As `renderSwitchPlan` writes it. */
  readonly plan: string;
  /** The plan that was kept last; empty = none is known. */
  readonly before: string;
  /** Orders to it: to put the plan on trial, and to keep it or to take it back. `undefined` = not given yet. */
  readonly applied: CommandId | undefined;
  readonly settled: CommandId | undefined;
}

export interface PortChange {
  /** UUIDv7. */
  readonly id: string;
  readonly atMs: number;
  readonly actor: string;
  readonly reason: string;
  /** How long each switch waits to be told that it may stay, ms. */
  readonly confirmWithinMs: number;
  /** It stays only after a person has said so too. */
  readonly isByHand: boolean;
  readonly isApproved: boolean;
  readonly state: PortChangeState;
  /** When that began. */
  readonly stateAtMs: number;
  /** What is waited for, or how it ended, in words. */
  readonly detail: string;
  /** The change that this one puts back; empty = none. */
  readonly restores: string;
  readonly parts: readonly PortChangePart[];
  /** What fileservers heard before it, and must hear again. */
  readonly expected: readonly Expected[];
}

const OVER: ReadonlySet<PortChangeState> = new Set(['kept', 'taken-back', 'split', 'stuck']);

export function isOver({ state }: Pick<PortChange, 'state'>): boolean {
  return OVER.has(state);
}

/** What is known of the parts now, in their order. */
export interface PortChangeSight {
  readonly nowMs: number;
  readonly parts: readonly PartSight[];
  /** Who has not been heard from since all parts are on trial, in words. */
  readonly missing: readonly string[];
}

export interface PartSight {
  readonly name: string;
  readonly applied: CommandState | undefined;
  readonly settled: CommandState | undefined;
  /** What the switch said last, in words. */
  readonly detail: string;
  /** Its own record says that nothing is changed there any more. */
  readonly isFrozen: boolean;
}

export type PortChangeStep =
  | { readonly kind: 'wait'; readonly why: string }
  | { readonly kind: 'watch' | 'confirm' }
  | { readonly kind: 'take-back'; readonly why: string }
  | { readonly kind: 'end'; readonly state: 'kept' | 'taken-back' | 'split' | 'stuck'; readonly why: string };

/** A switch that is told too late has begun to go back: whoever confirms does so this long before, ms. */
export const CONFIRM_EARLIER_MS = 12_000;
/** A switch that was told nothing has taken its part back by itself this long after its time, ms. */
export const BACK_BY_ITSELF_MS = 75_000;

const FAILED: ReadonlySet<CommandState> = new Set(['failed', 'rejected', 'lapsed']);
const isFailed = (state: CommandState | undefined): boolean => state !== undefined && FAILED.has(state);

/** When it is no longer safe to say that it stays: no switch has begun to go back before. */
export function confirmBeforeMs({ atMs, confirmWithinMs }: Pick<PortChange, 'atMs' | 'confirmWithinMs'>): number {
  return atMs + confirmWithinMs - CONFIRM_EARLIER_MS;
}

/** What is to be done next; nothing of an end is ever undone here. */
export function nextStep(change: PortChange, sight: PortChangeSight): PortChangeStep {
  switch (change.state) {
    case 'applying':
      return whileApplying(change, sight);
    case 'watching':
      return whileWatching(change, sight);
    case 'confirming':
      return whileConfirming(change, sight);
    case 'taking-back':
      return whileTakingBack(change, sight);
    case 'kept':
    case 'taken-back':
    case 'split':
    case 'stuck':
      return { kind: 'wait', why: '' };
  }
}

function whileApplying(change: PortChange, { nowMs, parts }: PortChangeSight): PortChangeStep {
  const failed = parts.find(({ applied }) => isFailed(applied));
  if (failed !== undefined) return { kind: 'take-back', why: `${failed.name}: ${failed.detail}` };
  if (parts.every(({ applied }) => applied === 'succeeded')) return { kind: 'watch' };
  const waiting = parts.filter(({ applied }) => applied !== 'succeeded').map(({ name }) => name);
  const why = `${waiting.join(', ')} not on trial yet`;
  return nowMs < confirmBeforeMs(change) ? { kind: 'wait', why } : { kind: 'take-back', why: `in time: ${why}` };
}

function whileWatching(change: PortChange, { nowMs, parts, missing }: PortChangeSight): PortChangeStep {
  const frozen = parts.find(({ isFrozen }) => isFrozen);
  if (frozen !== undefined) return { kind: 'take-back', why: `${frozen.name} is frozen` };
  const needsWord = change.isByHand && !change.isApproved;
  const why = missing.length > 0 ? missing.join('; ') : 'everybody is seen again; somebody has to say that it may stay';
  if (nowMs >= confirmBeforeMs(change)) return { kind: 'take-back', why: `nobody could confirm it in time: ${why}` };
  return missing.length > 0 || needsWord ? { kind: 'wait', why } : { kind: 'confirm' };
}

function whileConfirming(
  { stateAtMs, confirmWithinMs }: PortChange,
  { nowMs, parts }: PortChangeSight,
): PortChangeStep {
  const kept = parts.filter(({ settled }) => settled === 'succeeded');
  if (kept.length === parts.length) return { kind: 'end', state: 'kept', why: 'every switch keeps it' };
  const open = parts.filter(({ settled }) => settled !== 'succeeded' && !isFailed(settled));
  const isLate = nowMs >= stateAtMs + confirmWithinMs + BACK_BY_ITSELF_MS;
  if (open.length > 0 && !isLate) {
    return { kind: 'wait', why: `${open.map(({ name }) => name).join(', ')} has not said that it keeps it` };
  }
  const others = parts.filter(({ settled }) => settled !== 'succeeded');
  const why = others.map(({ name, detail }) => `${name}: ${detail === '' ? 'it never answered' : detail}`).join('; ');
  if (kept.length === 0 && open.length === 0) return { kind: 'take-back', why };
  return { kind: 'end', state: 'split', why };
}

/** A part that its switch refused, or took back at once, needs no order to go back. */
export function needsOrderBack({ applied }: PartSight): boolean {
  return !isFailed(applied);
}

function whileTakingBack(
  { stateAtMs, confirmWithinMs, detail }: PortChange,
  { nowMs, parts }: PortChangeSight,
): PortChangeStep {
  const frozen = parts.find(({ isFrozen }) => isFrozen);
  const isBack = (part: PartSight): boolean => !needsOrderBack(part) || part.settled === 'succeeded';
  const isDue = nowMs >= stateAtMs + confirmWithinMs + BACK_BY_ITSELF_MS;
  const isAnswered = parts.every((part) => isBack(part) || isFailed(part.settled));
  if (frozen !== undefined && (isAnswered || isDue)) {
    return { kind: 'end', state: 'stuck', why: `${frozen.name} is frozen: ${frozen.detail}` };
  }
  if (parts.every(isBack)) return { kind: 'end', state: 'taken-back', why: detail };
  // What was asked too late, or not heard: the switch goes back by itself, and is given the time to.
  if (isDue) return { kind: 'end', state: 'taken-back', why: `${detail}; by themselves: ${unheard(parts)}` };
  return { kind: 'wait', why: detail };
}

function unheard(parts: readonly PartSight[]): string {
  const silent = parts.filter((part) => needsOrderBack(part) && part.settled !== 'succeeded');
  return silent.map(({ name }) => name).join(', ');
}
