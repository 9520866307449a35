import { expect, test } from 'vitest';
import { type CommandQuestion, judgeCommand, OPEN_COMMANDS_MAX } from './command-policy.js';

const question = (over: Partial<CommandQuestion> = {}): CommandQuestion => ({
  action: { kind: 'restart-unit', unit: 'ssh.service' },
  lifecycle: 'enrolled',
  heldBecause: undefined,
  live: { bootId: 'boot-1', supportedActions: ['restart_unit', 'reboot'] },
  openCount: 0,
  ...over,
});

const reboot = { kind: 'reboot' } as const;

test.for<[string, Partial<CommandQuestion>, string]>([
  ['a unit is restarted in any boot', {}, ''],
  ['a unit of a node that is away is restarted when it comes back', { live: undefined }, ''],
  ['a reboot is bound to the boot that is live', { action: reboot }, 'boot-1'],
  ['one open command less than the most is fine', { openCount: OPEN_COMMANDS_MAX - 1 }, ''],
  ['a template unit has an @ in its name', { action: { kind: 'restart-unit', unit: 'getty@tty1.service' } }, ''],
])('%s', ([, over, bootId]) => {
  expect(judgeCommand(question(over))).toEqual({ kind: 'allowed', bootId });
});

test.for<[string, Partial<CommandQuestion>, string, string]>([
  ['a revoked node gets nothing', { lifecycle: 'revoked' }, 'failed-precondition', 'the node is revoked'],
  ['a frozen node gets nothing', { lifecycle: 'frozen' }, 'failed-precondition', 'frozen'],
  ['nobody gets anything while commands are held', { heldBecause: 'restored' }, 'failed-precondition', 'restored'],
  ['a node that is away is not rebooted', { action: reboot, live: undefined }, 'failed-precondition', 'not connected'],
  ['too many open commands', { openCount: OPEN_COMMANDS_MAX }, 'failed-precondition', '16 commands'],
  [
    'an older agent that lacks the action',
    { live: { bootId: 'b', supportedActions: ['reboot'] } },
    'failed-precondition',
    'cannot do',
  ],
  [
    'an agent without a boot id cannot be rebooted',
    { action: reboot, live: { bootId: '', supportedActions: ['reboot'] } },
    'failed-precondition',
    'not connected',
  ],
  ['a unit without its type', { action: { kind: 'restart-unit', unit: 'ssh' } }, 'invalid-argument', 'full name'],
  ['a path is no unit', { action: { kind: 'restart-unit', unit: '../x.service' } }, 'invalid-argument', 'full name'],
  ['a wildcard is no unit', { action: { kind: 'restart-unit', unit: '*.service' } }, 'invalid-argument', 'full name'],
  ['an option is no unit', { action: { kind: 'restart-unit', unit: '-H evil' } }, 'invalid-argument', 'full name'],
])('%s is refused with what to do', ([, over, code, why]) => {
  const decision = judgeCommand(question(over));
  if (decision.kind !== 'refused') throw new Error('was allowed');
  expect(decision.code).toBe(code);
  expect(decision.why).toContain(why);
  expect(decision.hint.length).toBeGreaterThan(10);
});
