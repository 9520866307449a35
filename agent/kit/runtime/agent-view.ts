import type { CollectorScheduler } from '../collect/scheduler.js';
import type { AgentView } from '../command/handler.js';
import type { ControllerClock } from '../session/controller-clock.js';
import type { AgentOptions } from './agent-options.js';
import type { AgentState } from './agent-state.js';
import type { CredentialHolder } from './credential-holder.js';
import type { NodeDescription } from './describe-node.js';
import { upload } from './upload.js';

export interface AgentViewSources {
  readonly agent: AgentOptions;
  readonly node: NodeDescription;
  readonly state: AgentState;
  /** Milliseconds since boot when this process started. */
  readonly startedMs: number;
  readonly scheduler: Pick<CollectorScheduler, 'latest'>;
  readonly credentials: CredentialHolder;
  readonly controllerClock: ControllerClock;
  readonly stayAway: AgentView['stayAway'];
}

const HOUR_MS = 3_600_000;

/** What actions may know and have of their agent. */
export function makeAgentView(sources: AgentViewSources): AgentView {
  const { agent, state, scheduler, credentials, controllerClock } = sources;
  const { host } = agent;
  const identity = () => ({ tls: credentials.tls, endpoints: credentials.identity.endpoints });
  return {
    controllerOffsetMs: () => controllerClock.offsetMs(),
    clockUntrusted: () => !state.clockFloor.trusted(host.clock.nowMs()),
    begunLastHourCount: () =>
      state.ledger.begunWithin(HOUR_MS, {
        controllerNowMs: controllerClock.nowMs() ?? host.clock.nowMs(),
        uptimeMs: host.clock.monotonicMs(),
      }),
    samples: () => scheduler.latest(),
    describe: () => describe(sources),
    addressesCount: () => credentials.identity.endpoints.length,
    stayAway: sources.stayAway,
    upload: (file, signal) => upload({ host, identity }, file, signal),
  };
}

function describe(sources: AgentViewSources): Readonly<Record<string, unknown>> {
  const { agent, node, state, startedMs, credentials, controllerClock } = sources;
  const { outbox, ledger, clockFloor, desired } = state;
  const { damagedBytes } = outbox;
  return {
    kind: agent.kind,
    agentVersion: agent.version,
    buildTimeMs: agent.buildTimeMs,
    nodeId: credentials.identity.nodeId,
    hostname: node.hostname,
    board: node.board,
    bootId: node.bootId,
    agentStartedMs: startedMs,
    uptimeMs: agent.host.clock.monotonicMs(),
    controllers: credentials.identity.endpoints,
    controllerOffsetMs: controllerClock.offsetMs(),
    clockFloorMs: clockFloor.valueMs,
    desiredRevisionReached: desired.reachedRevision,
    outbox: { ...outbox.head(), waiting: outbox.count, dropped: outbox.droppedCount, damagedBytes },
    outboxError: outbox.storageError?.message,
    ledger: { ...ledger.head(), damagedBytes: ledger.damagedBytes },
    ledgerError: ledger.storageError?.message,
  };
}
