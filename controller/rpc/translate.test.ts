import fc from 'fast-check';
import { expect, test } from 'vitest';
import { commandId, nodeId } from '../../proto/contract/ids.js';
import {
  AwayFrom,
  Command,
  CommandState,
  MountAccess,
  RejectionReason,
} from '../../proto/gen/bramble/agent/v1/command.js';
import { Event, PreviousExit } from '../../proto/gen/bramble/agent/v1/event.js';
import { ControllerFrame, GoodbyeReason, Hello } from '../../proto/gen/bramble/agent/v1/link.js';
import { NodeKind } from '../../proto/gen/bramble/agent/v1/node.js';
import type { CommandRecord } from '../domain/command.js';
import type { ToAgent } from '../usecases/agent-messages.js';
import { commandCodec } from './command-codec.js';
import { readCommandState, readGoodbyeReason, readNodeKind, readPreviousExit, readRejectionReason } from './enums.js';
import { readEvents, readHello } from './translate-in.js';
import { writeFrame } from './translate-out.js';

const COMMAND_ID = commandId('01890a5d-ac96-774b-bcce-b302099a8057');

/** Numbers of an enum, without the two that mean "none of these". */
function numbersOf(values: Readonly<Record<string, number>>): readonly number[] {
  return Object.values(values).filter((number) => number > 0);
}

test('every number of the contract has a word of its own', () => {
  for (const [numbers, read] of [
    [numbersOf(NodeKind), readNodeKind],
    [numbersOf(GoodbyeReason), readGoodbyeReason],
    [numbersOf(PreviousExit), readPreviousExit],
    [numbersOf(CommandState), readCommandState],
    [numbersOf(RejectionReason), readRejectionReason],
  ] as const) {
    const words = numbers.map((number) => read(number));
    expect(new Set(words).size).toBe(numbers.length);
    expect(words).not.toContain(undefined);
  }
});

test('a number of a newer agent becomes a word that is never healthy', () => {
  const newer = fc.oneof(fc.integer({ min: 50, max: 2 ** 31 - 1 }), fc.integer({ min: -(2 ** 31), max: -1 }));
  fc.assert(
    fc.property(newer, (number) => {
      expect([readNodeKind(number), readGoodbyeReason(number), readPreviousExit(number)]).toEqual(
        Array.from({ length: 3 }, () => 'unknown'),
      );
      expect([readRejectionReason(number), readCommandState(number)]).toEqual(['other', undefined]);
    }),
  );
});

test('whatever a hello says, what is kept of it is bounded and well formed', () => {
  const text = fc.string({ maxLength: 400 });
  const anyHello = fc.record({
    kind: fc.constantFrom(0, 1, 2, 3, 99 as 1), // 99 stands for a newer agent
    board: fc.record({ model: text, serial: text, macAddresses: fc.array(text, { maxLength: 40 }) }),
    bootId: text,
    processNonce: text,
    agentVersion: text,
    ledgerHead: fc.record({
      newestCommandIds: fc.array(fc.oneof(text, fc.constant<string>(COMMAND_ID)), { maxLength: 40 }),
    }),
    supportedActions: fc.array(text, { maxLength: 100 }),
    auditHeads: fc.array(fc.record({ sequence: fc.nat(), hash: fc.uint8Array({ maxLength: 400 }) }), { maxLength: 40 }),
  });
  fc.assert(
    fc.property(anyHello, (given) => {
      const hello = readHello(Hello.fromPartial({ ...given, auditHeads: given.auditHeads.map(asWire) }));
      expect(hello.board.macAddresses.every((mac) => /^[0-9a-f:]{17}$/.test(mac))).toBe(true);
      expect(hello.ledgerHead.newestCommandIds.every((id) => id === COMMAND_ID)).toBe(true);
      expect(hello.ledgerHead.newestCommandIds.length).toBeLessThanOrEqual(16);
      expect(hello.auditHeads.length).toBeLessThanOrEqual(8);
      expect(hello.auditHeads.every(({ hash }) => /^[0-9a-f]{0,64}$/.test(hash))).toBe(true);
      expect(JSON.stringify(hello).length).toBeLessThan(40_000);
    }),
  );
});

test('an empty hello is one', () => {
  expect(readHello(Hello.fromPartial({}))).toMatchObject({ kind: 'unknown', bootId: '', board: { serial: '' } });
});

test('events keep their numbers; what nobody here understands stays an event', () => {
  const stamp = { bootId: 'b', sequence: 9, uptimeMs: 5, wallClockUnixMs: -7 };
  const kinds = [
    [{ $case: 'bootObserved', value: { previousBootId: 'a' } }, 'boot-observed'],
    [{ $case: 'clockStepped', value: { stepMs: -3 } }, 'clock-stepped'],
    [{ $case: 'kernelLogMatched', value: { rule: 'card-timeout', line: 'x', count: 1 } }, 'kernel-log-matched'],
    [{ $case: 'commandUpdate', value: { commandId: 'not an id', state: 3 } }, 'unknown'],
    [{ $case: 'commandUpdate', value: { commandId: COMMAND_ID, state: 77 as 3 } }, 'unknown'],
    [{ $case: 'commandUpdate', value: { commandId: COMMAND_ID, state: 3 } }, 'command-update'],
    [undefined, 'unknown'],
  ] as const;
  for (const [kind, want] of kinds) {
    const [event] = readEvents([Event.fromPartial({ ...stamp, ...(kind === undefined ? {} : { kind }) })]);
    expect(event).toMatchObject({ bootId: 'b', sequence: 9, uptimeMs: 5, wallClockMs: -7, what: { kind: want } });
  }
  expect(() => readEvents(Array.from({ length: 1_001 }, () => Event.fromPartial({})))).toThrow(/at most 1000/);
});

const FULL_CONFIG = {
  hostname: 'pi-1',
  authorizedKeys: { pi: ['ssh-ed25519 AAAA kim'], root: [] },
  ntpServers: [],
  sysctls: { 'vm.swappiness': '10' },
  units: { 'cups.service': 'disabled', 'ssh.socket': 'enabled' },
} as const;

test('every message to an agent survives the wire', () => {
  const cadence = { reportIntervalMs: 30_000, probeAfterMs: 90_000, reconnectSpreadMs: 60_000 };
  const command = { payload: Buffer.of(1, 2), keyId: 'k', signature: Buffer.of(3) };
  const messages: readonly ToAgent[] = [
    { kind: 'welcome', sessionId: 's', controllerMs: 5, epoch: 2, cadence, desiredRevision: 3, commandsHeld: true },
    { kind: 'report-ack', throughSequence: 4 },
    { kind: 'event-ack', throughSequence: 2 ** 52 },
    { kind: 'desired-state-changed', revision: 6 },
    { kind: 'desired-state', revision: 6, cadence, config: undefined },
    { kind: 'desired-state', revision: 7, cadence, config: FULL_CONFIG },
    { kind: 'command', command },
    { kind: 'probe', nonce: 'n' },
    { kind: 'goodbye', reason: 'frozen', expectedBackMs: 7, detail: 'd' },
    { kind: 'resync' },
    { kind: 'audit-head', head: { sequence: 9, hash: 'ab'.repeat(32) } },
  ];
  for (const message of messages) {
    const frame = writeFrame(message);
    expect(ControllerFrame.decode(ControllerFrame.encode(frame).finish())).toEqual(frame);
  }
  expect(new Set(messages.map((message) => writeFrame(message).frame?.$case)).size).toBe(10);
});

test('a command is encoded with everything that its actuator checks', () => {
  const record: CommandRecord = {
    id: COMMAND_ID,
    nodeId: nodeId('n-0000000000001'),
    action: { kind: 'restart-unit', unit: 'ssh.service' },
    state: 'issued',
    rejection: undefined,
    detail: '',
    epoch: 3,
    issuedAtMs: 1_800_000_000_000,
    validForMs: 60_000,
    bootId: 'boot',
    reason: 'why',
    actor: 'kim',
    updatedAtMs: 0,
  };
  expect(Command.decode(commandCodec.encode(record))).toEqual({
    id: COMMAND_ID,
    targetNodeId: 'n-0000000000001',
    epoch: 3,
    issuedAtUnixMs: 1_800_000_000_000,
    validForMs: 60_000,
    preconditions: { bootId: 'boot' },
    reason: 'why',
    actor: 'kim',
    action: { $case: 'restartUnit', value: { unit: 'ssh.service' } },
  });
  const actions: readonly [CommandRecord['action'], Command['action']][] = [
    [{ kind: 'reboot' }, { $case: 'reboot', value: { despiteArrays: [] } }],
    [
      { kind: 'remount', mountPoint: '/', access: 'read-write' },
      { $case: 'remount', value: { mountPoint: '/', access: MountAccess.READ_WRITE } },
    ],
    [
      { kind: 'remount', mountPoint: '/boot', access: 'read-only' },
      { $case: 'remount', value: { mountPoint: '/boot', access: MountAccess.READ_ONLY } },
    ],
    [{ kind: 'step-clock' }, { $case: 'stepClock', value: {} }],
    [
      { kind: 'identify', forMs: 30_000 },
      { $case: 'identify', value: { forMs: 30_000 } },
    ],
    [
      { kind: 'stay-away', forMs: 60_000, from: 'current' },
      { $case: 'stayAway', value: { forMs: 60_000, from: AwayFrom.CURRENT } },
    ],
    [{ kind: 'diagnose' }, { $case: 'diagnose', value: {} }],
  ];
  for (const [action, want] of actions) {
    expect(Command.decode(commandCodec.encode({ ...record, action })).action).toEqual(want);
  }
});

const asWire = ({ sequence, hash }: { sequence: number; hash: Uint8Array }) => ({ sequence, hash: Buffer.from(hash) });
