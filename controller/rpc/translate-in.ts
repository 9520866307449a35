import { BrambleError } from '../../proto/contract/errors.js';
import { type CommandId, commandId } from '../../proto/contract/ids.js';
import { KERNEL_LOG_LINE_MAX_CHARACTERS } from '../../proto/contract/kernel-log.js';
import type { Progress } from '../../proto/contract/progress.js';
import type { EnrollmentProof as WireProof } from '../../proto/gen/bramble/agent/v1/enrollment.js';
import type { Event as WireEvent } from '../../proto/gen/bramble/agent/v1/event.js';
import type { Hello } from '../../proto/gen/bramble/agent/v1/link.js';
import type { Board as WireBoard } from '../../proto/gen/bramble/agent/v1/node.js';
import type { AgentEvent, AgentEventKind } from '../domain/event.js';
import type { Board } from '../domain/node.js';
import type { AgentHello } from '../usecases/agent-messages.js';
import type { EnrollmentProof } from '../usecases/enroll.js';
import { readCommandState, readNodeKind, readPreviousExit, readRejectionReason } from './enums.js';
import { readBoardBoot, readNetconsole } from './translate-boot.js';
import { readSettled } from './translate-config.js';
import { readRaidChanged } from './translate-raid.js';

/** From the wire to our words. Every text is cut to a length, every list to a count: what is kept is bounded here. */

const IDENTIFIER_CHARACTERS_MAX = 64;
const NAME_CHARACTERS_MAX = 253;
const DETAIL_CHARACTERS_MAX = 1_024;
const MAC_ADDRESSES_MAX = 16;
const COMMAND_IDS_MAX = 16;
const ACTIONS_MAX = 64;
const AUDIT_HEADS_MAX = 8;
const HASH_BYTES = 32;
const EVENTS_PER_BATCH_MAX = 1_000;

const MAC_ADDRESS = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;

export function readHello(hello: Hello): AgentHello {
  return {
    kind: readNodeKind(hello.kind),
    board: readBoard(hello.board),
    bootId: identifier(hello.bootId),
    processNonce: identifier(hello.processNonce),
    agentVersion: identifier(hello.agentVersion),
    ledgerHead: {
      newestCommandIds: (hello.ledgerHead?.newestCommandIds ?? []).slice(0, COMMAND_IDS_MAX).flatMap(asCommandId),
      entriesCount: hello.ledgerHead?.entriesCount ?? 0,
      epochHighest: hello.ledgerHead?.epochHighest ?? 0,
    },
    outboxHead: {
      oldestSequence: hello.outboxHead?.oldestSequence ?? 0,
      nextSequence: hello.outboxHead?.nextSequence ?? 0,
      droppedCount: hello.outboxHead?.droppedCount ?? 0,
    },
    desiredRevisionReached: hello.desiredRevisionReached,
    supportedActions: hello.supportedActions.slice(0, ACTIONS_MAX).map(identifier),
    wallClockMs: hello.wallClockUnixMs,
    clockUntrusted: hello.clockUntrusted,
    uptimeMs: hello.uptimeMs,
    auditHeads: hello.auditHeads.slice(0, AUDIT_HEADS_MAX).map(({ sequence, hash }) => ({
      sequence,
      hash: hash.toString('hex', 0, HASH_BYTES),
    })),
  };
}

export function readBoard(board: WireBoard | undefined): Board {
  return {
    model: (board?.model ?? '').slice(0, NAME_CHARACTERS_MAX),
    serial: identifier(board?.serial ?? ''),
    macAddresses: (board?.macAddresses ?? []).filter((mac) => MAC_ADDRESS.test(mac)).slice(0, MAC_ADDRESSES_MAX),
  };
}

export function readProof(proof: WireProof): EnrollmentProof {
  return {
    token: proof.token,
    spkiDer: proof.spkiDer,
    nonce: proof.nonce,
    signature: proof.signature,
    nodeKind: readNodeKind(proof.kind),
    board: readBoard(proof.board),
    hostname: proof.hostname.slice(0, NAME_CHARACTERS_MAX),
  };
}

/** @throws BrambleError `invalid-argument` for more events than an agent sends at once */
export function readEvents(events: readonly WireEvent[]): readonly AgentEvent[] {
  if (events.length > EVENTS_PER_BATCH_MAX) {
    throw new BrambleError('invalid-argument', `a batch has at most ${EVENTS_PER_BATCH_MAX} events`);
  }
  return events.map((event) => ({
    bootId: identifier(event.bootId),
    sequence: event.sequence,
    uptimeMs: event.uptimeMs,
    wallClockMs: event.wallClockUnixMs,
    what: readEventKind(event.kind),
  }));
}

function readEventKind(kind: WireEvent['kind']): AgentEventKind {
  switch (kind?.$case) {
    case 'bootObserved':
      return { kind: 'boot-observed', previousBootId: identifier(kind.value.previousBootId) };
    case 'agentStarted':
      return {
        kind: 'agent-started',
        agentVersion: identifier(kind.value.agentVersion),
        previousExit: readPreviousExit(kind.value.previousExit),
      };
    case 'commandUpdate':
      return readCommandUpdate(kind.value);
    case 'eventsDropped':
      return { kind: 'events-dropped', droppedCount: kind.value.droppedCount };
    case 'clockStepped':
      return { kind: 'clock-stepped', stepMs: kind.value.stepMs };
    case 'desiredStateFailed':
      return { kind: 'desired-state-failed', revision: kind.value.revision, detail: detail(kind.value.detail) };
    case 'kernelLogMatched':
      return {
        kind: 'kernel-log-matched',
        rule: identifier(kind.value.rule),
        line: kind.value.line.slice(0, KERNEL_LOG_LINE_MAX_CHARACTERS),
        count: kind.value.count,
      };
    case 'nodeConfigSettled':
      return readSettled(kind.value);
    case 'raidChanged':
      return readRaidChanged(kind.value);
    case 'boardBoot':
      return readBoardBoot(kind.value);
    case 'netconsoleLines':
      return readNetconsole(kind.value);
    case undefined:
      return { kind: 'unknown' };
  }
}

type CommandUpdate = Extract<WireEvent['kind'], { readonly $case: 'commandUpdate' }>['value'];

function readCommandUpdate(update: CommandUpdate): AgentEventKind {
  const [id] = asCommandId(update.commandId);
  const state = readCommandState(update.state);
  if (id === undefined || state === undefined) return { kind: 'unknown' };
  return {
    kind: 'command-update',
    update: {
      id,
      state,
      rejection: state === 'rejected' ? readRejectionReason(update.rejection) : undefined,
      detail: detail(update.detail),
      tookMs: update.tookMs,
      progress: readProgress(update),
    },
  };
}

/** Whatever an agent says, a percentage is one. */
function readProgress({ progress }: CommandUpdate): Progress | undefined {
  return progress && { ...progress, percent: Math.min(100, progress.percent) };
}

/** None for what is no command id: nobody of ours made it. */
function asCommandId(text: string): readonly CommandId[] {
  try {
    return [commandId(text)];
  } catch {
    return [];
  }
}

function identifier(text: string): string {
  return text.slice(0, IDENTIFIER_CHARACTERS_MAX);
}

function detail(text: string): string {
  return text.slice(0, DETAIL_CHARACTERS_MAX);
}
