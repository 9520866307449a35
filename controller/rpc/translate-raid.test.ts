import { expect, test } from 'vitest';
import { RaidChange } from '../../proto/gen/bramble/agent/v1/event.js';
import { tellAgentEvent } from '../usecases/agent-event-words.js';
import { readEvents } from './translate-in.js';

const { ARRAY_APPEARED, ARRAY_VANISHED, ARRAY_STATE, MEMBER_STATE, MISSING_COUNT, SYNC_ACTION, MISMATCHES } =
  RaidChange;

test.for<[RaidChange, string, string, string, string]>([
  [ARRAY_APPEARED, '', '', 'raid1, running', 'info: array md0 is there: raid1, running'],
  [ARRAY_VANISHED, '', 'raid1, running', '', 'error: array md0 is gone; it was raid1, running'],
  [ARRAY_STATE, '', 'running', 'inactive', 'error: array md0 is inactive, it was running'],
  [ARRAY_STATE, '', 'inactive', 'running', 'info: array md0 is running, it was inactive'],
  [MEMBER_STATE, 'sda3', 'in-sync', 'faulty', 'error: sda3 failed in array md0 (it was in-sync)'],
  [MEMBER_STATE, 'sda3', 'faulty', '', 'warning: sda3 was removed from array md0 (faulty)'],
  [MEMBER_STATE, 'sda3', '', 'rebuilding', 'info: sda3 was added to array md0 (rebuilding)'],
  [MEMBER_STATE, 'sda3', 'rebuilding', 'in-sync', 'info: sda3 in array md0 is in-sync, it was rebuilding'],
  [MISSING_COUNT, '', '0', '1', 'error: array md0 lacks 1 member'],
  [MISSING_COUNT, '', '2', '1', 'warning: array md0 lacks 1 member, before it were 2'],
  [MISSING_COUNT, '', '1', '0', 'info: array md0 is whole again'],
  [SYNC_ACTION, '', 'idle', 'recover', 'info: array md0: recover'],
  [SYNC_ACTION, '', 'recover', 'idle', 'info: the recover of array md0 ended'],
  [MISMATCHES, '', '0', '128', 'warning: the members of array md0 differ in 128 sectors'],
  [99 as RaidChange, '', '', '', 'info: array md0 changed in a way that this controller does not know'], // a newer agent
])('change %i of "%s" from "%s" to "%s" is told', ([change, member, before, after, want]) => {
  const value = { array: 'md0', uuid: '', change, member, before, after };
  const stamp = { bootId: 'b', sequence: 1, uptimeMs: 0, wallClockUnixMs: 0 };
  const [event] = readEvents([{ ...stamp, kind: { $case: 'raidChanged', value } }]);
  const words = event && tellAgentEvent(event);
  expect(`${words?.severity}: ${words?.message}`).toBe(want);
});
