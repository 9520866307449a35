import { expect, test } from 'vitest';
import { type CommandQuestion, judgeCommand, OPEN_COMMANDS_MAX } from './command-policy.js';

const question = (over: Partial<CommandQuestion> = {}): CommandQuestion => ({
  action: { kind: 'restart-unit', unit: 'ssh.service' },
  lifecycle: 'enrolled',
  heldBecause: undefined,
  live: {
    bootId: 'boot-1',
    supportedActions: ['restart_unit', 'reboot', 'remount', 'step_clock', 'identify', 'diagnose', 'stay_away'],
  },
  openCount: 0,
  ...over,
});

const reboot = { kind: 'reboot' } as const;
const remount = { kind: 'remount', mountPoint: '/boot/firmware', access: 'read-write' } as const;
const stayAway = { kind: 'stay-away', forMs: 60_000, from: 'all' } as const;
const identify = { kind: 'identify', forMs: 30_000 } as const;

test.for<[string, Partial<CommandQuestion>, string]>([
  ['a unit is restarted in any boot', {}, ''],
  ['a unit of a node that is away is restarted when it comes back', { live: undefined }, ''],
  ['a reboot is bound to the boot that is live', { action: reboot }, 'boot-1'],
  ['one open command less than the most is fine', { openCount: OPEN_COMMANDS_MAX - 1 }, ''],
  ['a template unit has an @ in its name', { action: { kind: 'restart-unit', unit: 'getty@tty1.service' } }, ''],
  ['a remount is about the mounts of the boot that is live', { action: remount }, 'boot-1'],
  ['a drill is for whoever is connected now', { action: stayAway }, 'boot-1'],
  ['blinking is for whoever looks now', { action: identify }, 'boot-1'],
  ['a clock is wrong in any boot', { action: { kind: 'step-clock' } }, ''],
  [
    'diagnostics of a node that is away are made when it is back',
    { action: { kind: 'diagnose' }, live: undefined },
    '',
  ],
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
  [
    'a node that is away is not remounted',
    { action: remount, live: undefined },
    'failed-precondition',
    'not connected',
  ],
  [
    'nobody looks for a light of a node that is away',
    { action: identify, live: undefined },
    'failed-precondition',
    'not',
  ],
  [
    'an agent that cannot blink',
    { action: identify, live: { bootId: 'b', supportedActions: ['reboot'] } },
    'failed-precondition',
    'cannot do "identify"',
  ],
  ['a mount point that leads up', { action: { ...remount, mountPoint: '/a/../b' } }, 'invalid-argument', 'mount point'],
  ['a mount point that is an option', { action: { ...remount, mountPoint: '-a' } }, 'invalid-argument', 'mount point'],
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
