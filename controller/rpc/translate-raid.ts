import { RaidChange, type RaidChanged as WireRaidChanged } from '../../proto/gen/bramble/agent/v1/event.js';
import type { AgentEventKind } from '../domain/event.js';

type RaidChanged = Extract<AgentEventKind, { readonly kind: 'raid-changed' }>;

const WORDS: ReadonlyMap<number, RaidChanged['change']> = new Map([
  [RaidChange.ARRAY_APPEARED, 'array-appeared'],
  [RaidChange.ARRAY_VANISHED, 'array-vanished'],
  [RaidChange.ARRAY_STATE, 'array-state'],
  [RaidChange.MEMBER_STATE, 'member-state'],
  [RaidChange.MISSING_COUNT, 'missing-count'],
  [RaidChange.SYNC_ACTION, 'sync-action'],
  [RaidChange.MISMATCHES, 'mismatches'],
]);

const NAME_CHARACTERS_MAX = 64;
const WORDS_CHARACTERS_MAX = 200;

/** What changed in an md array, from the wire. */
export function readRaidChanged({ array, change, member, before, after }: WireRaidChanged): RaidChanged {
  return {
    kind: 'raid-changed',
    change: WORDS.get(change) ?? 'unknown',
    array: array.slice(0, NAME_CHARACTERS_MAX),
    member: member.slice(0, NAME_CHARACTERS_MAX),
    before: before.slice(0, WORDS_CHARACTERS_MAX),
    after: after.slice(0, WORDS_CHARACTERS_MAX),
  };
}
