import type { Collector } from '../collect/collector.js';
import { followCollectors } from '../collect/follow.js';
import type { AgentProbe } from '../collect/probe.js';
import { CollectorScheduler } from '../collect/scheduler.js';
import { CommandDispatcher } from '../command/dispatcher.js';
import type { Identity } from '../enroll/identity.js';
import type { Host } from '../host/ports.js';
import { errorFields } from '../log.js';
import { ContactProof } from '../node-config/contact.js';
import { ConfigKeeper } from '../node-config/keeper.js';
import { ClockWatch } from '../report/clock-watch.js';
import { EventRecorder } from '../report/event-recorder.js';
import type { Heartbeat } from '../report/heartbeat.js';
import { Reporter } from '../report/reporter.js';
import { DEFAULT_CADENCE } from '../session/cadence.js';
import { SessionClient } from '../session/client.js';
import { ControllerClock } from '../session/controller-clock.js';
import { type AboutAgent, AgentDuties } from '../session/duties.js';
import type { TunnelKeeper } from '../tunnel/keeper.js';
import { runWatches } from '../watch/watch.js';
import type { AgentOptions } from './agent-options.js';
import type { AgentState } from './agent-state.js';
import { makeAgentView } from './agent-view.js';
import { CredentialHolder } from './credential-holder.js';
import type { NodeDescription } from './describe-node.js';

export interface WiredAgent {
  readonly recorder: EventRecorder;
  readonly scheduler: CollectorScheduler;
  readonly reporter: Reporter;
  readonly dispatcher: CommandDispatcher;
  readonly nodeConfig: ConfigKeeper;
  readonly session: SessionClient;
  /** Runs what looks at the machine more often than reports go, until the signal aborts. */
  readonly watch: (signal: AbortSignal) => Promise<void>;
}

export interface AgentParts {
  readonly agent: AgentOptions;
  readonly node: NodeDescription;
  readonly state: AgentState;
  readonly identity: Identity;
  readonly heartbeat: Heartbeat;
  /** Milliseconds since boot when this process started. */
  readonly startedMs: number;
  readonly tunnel: TunnelKeeper | undefined;
  /** Aborts when the agent ends. */
  readonly life: AbortSignal;
}

interface Clocks {
  readonly controllerClock: ControllerClock;
  readonly clockWatch: ClockWatch;
}

/** Makes the parts of a running agent and joins them. Starts nothing. */
export function wireAgent(parts: AgentParts): WiredAgent {
  const { agent, node, state, identity } = parts;
  const { host, log } = agent;
  const { clock, random } = host;
  const recorder = new EventRecorder(state.outbox, clock, node.bootId);
  const clocks = { controllerClock: new ControllerClock(clock), clockWatch: new ClockWatch(clock) };
  const { controllerClock } = clocks;
  const credentials = new CredentialHolder(identity, { host, state, controllerClock, log });
  const contact = new ContactProof();
  const nodeConfig = makeConfigKeeper(parts, recorder, contact, () => {
    reporter.resync(); // its acknowledgement is the proof that is waited for
    duties.tellTry();
  });
  const valuesRefusedCount = (): number => reporter.valuesRefusedCount;
  const probe = makeProbe(parts, clocks, { recorder, nodeConfig, credentials, valuesRefusedCount });
  const collectors = agent.collectors(probe);
  const scheduler = new CollectorScheduler({ collectors, host, nodeId: identity.nodeId });
  const cadence = state.desired.cadence ?? DEFAULT_CADENCE;
  const reporter: Reporter = new Reporter({
    clock,
    random,
    scheduler,
    intervalMs: cadence.reportIntervalMs,
    send: (report) => {
      contact.reportSent(report.sequence);
      return session.send({ $case: 'report', value: report });
    },
    onTick: async () => {
      await keepHouse(parts, clocks, recorder);
      nodeConfig.tick();
      duties.renewTunnel();
      // Storage that works again may have brought events back that no process has sent yet.
      session.take({ kind: 'events-waiting' });
      agent.tidyMemory();
    },
  });
  const dispatcher = makeDispatcher(parts, { recorder, credentials, controllerClock, scheduler }, () => session);
  const duties: AgentDuties = new AgentDuties({
    about: aboutAgent(parts, host),
    clock,
    clockFloor: state.clockFloor,
    controllerClock,
    outbox: state.outbox,
    ledger: state.ledger,
    desired: state.desired,
    nodeConfig,
    contact,
    auditMemory: state.auditMemory,
    dispatcher,
    reporter,
    recorder,
    tunnel: parts.tunnel,
    life: parts.life,
    renewalDueMs: (controllerNowMs) => credentials.renewalDueMs(controllerNowMs),
    session: { send: (frame) => session.send(frame), take: (event) => session.take(event) },
    log,
  });
  const session: SessionClient = new SessionClient({
    clock,
    random,
    net: host.net,
    outbox: state.outbox,
    identity: () => ({ tls: credentials.tls, endpoints: credentials.identity.endpoints }),
    renew: (endpoint, signal) => credentials.renew(endpoint, signal),
    cadence,
    duties,
    log,
  });
  return { recorder, scheduler, reporter, dispatcher, nodeConfig, session, watch: watching(agent, probe, collectors) };
}

/** What looks more often than reports go out. */
function watching(
  agent: AgentParts['agent'],
  probe: AgentProbe,
  collectors: readonly Collector[],
): (signal: AbortSignal) => Promise<void> {
  const watches = agent.watches?.(probe) ?? [];
  return async (signal) => {
    await Promise.all([runWatches(watches, agent, signal), followCollectors(collectors, agent, signal)]);
  };
}

function makeConfigKeeper(
  { agent, node, state }: AgentParts,
  recorder: EventRecorder,
  contact: ContactProof,
  onTrial: () => void,
): ConfigKeeper {
  const { clock, random } = agent.host;
  return new ConfigKeeper({
    file: state.configFile,
    actuator: agent.configActuator,
    contact,
    clock,
    bootId: node.bootId,
    unit: random.unit(),
    record: (settled) => recorder.record({ $case: 'nodeConfigSettled', value: settled }),
    onTrial,
    log: agent.log,
  });
}

function makeDispatcher(
  parts: AgentParts,
  more: {
    readonly recorder: EventRecorder;
    readonly credentials: CredentialHolder;
    readonly controllerClock: ControllerClock;
    readonly scheduler: CollectorScheduler;
  },
  session: () => SessionClient,
): CommandDispatcher {
  const { agent, node, state, identity } = parts;
  const { recorder, credentials, controllerClock } = more;
  return new CommandDispatcher({
    host: agent.host,
    nodeId: identity.nodeId,
    bootId: node.bootId,
    commandKeys: () => credentials.identity.commandKeys,
    handlers: agent.handlers,
    ledger: state.ledger,
    controllerClock,
    agent: makeAgentView({ ...parts, ...more, stayAway: (away, signal) => session().stayAway(away, signal) }),
    tell: (update, priority) => recorder.record({ $case: 'commandUpdate', value: update }, priority),
    log: agent.log,
  });
}

function aboutAgent({ agent, node }: AgentParts, { random }: Host): AboutAgent {
  const { kind, board, bootId } = node;
  const supported = Object.entries(agent.handlers).filter(([, handler]) => handler !== undefined);
  return {
    kind,
    board,
    bootId,
    processNonce: Buffer.from(random.bytes(16)).toString('hex'),
    agentVersion: agent.version,
    supportedActions: [...supported, ['cancelCommand'] as const].map(([name]) =>
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    ),
  };
}

interface ProbeSources {
  readonly recorder: EventRecorder;
  readonly nodeConfig: ConfigKeeper;
  readonly credentials: CredentialHolder;
  readonly valuesRefusedCount: () => number;
}

function makeProbe(
  { state, heartbeat, agent, node, startedMs }: AgentParts,
  { controllerClock, clockWatch }: Clocks,
  { recorder, nodeConfig, credentials, valuesRefusedCount }: ProbeSources,
): AgentProbe {
  return {
    outboxEventsCount: () => state.outbox.count,
    outboxDroppedCount: () => state.outbox.droppedCount,
    valuesRefusedCount,
    configState: () => nodeConfig.state,
    configDriftsCount: () => nodeConfig.driftsCount,
    storageFailed: () => state.outbox.storageFailed || state.ledger.storageFailed,
    stallMs: () => heartbeat.takeStallMs(),
    controllerOffsetMs: () => controllerClock.offsetMs(),
    clockUntrusted: () => !state.clockFloor.trusted(agent.host.clock.nowMs()),
    clockStepsCount: () => clockWatch.stepsCount,
    kernelLogMatched: (match) => {
      agent.log.warn({ rule: match.rule, count: match.count }, 'the kernel log tells of trouble');
      recorder.record({ $case: 'kernelLogMatched', value: match }).catch((error: unknown) => {
        agent.log.warn(errorFields(error), 'an event of the kernel log was not recorded');
      });
    },
    remembered: (name) => state.outbox.mark(name),
    remember: (mark) => state.outbox.setMark(mark),
    tellAndRemember: (kind, mark) => recorder.recordMarked(kind, mark),
    happened: (what) => {
      recorder.record(what).catch((error: unknown) => {
        agent.log.warn({ ...errorFields(error), event: what.$case }, 'an event was not recorded');
      });
    },
    reach: () => ({
      tls: credentials.tls,
      endpoints: credentials.identity.endpoints,
      commandKeys: credentials.identity.commandKeys,
    }),
    agentStartedMs: startedMs,
    bootId: node.bootId,
  };
}

/** At every tick: notices steps of the wall clock, retries storage that failed, and remembers that time has passed. */
async function keepHouse(
  { state, agent }: AgentParts,
  { controllerClock, clockWatch }: Clocks,
  recorder: EventRecorder,
): Promise<void> {
  const stepMs = clockWatch.check();
  if (stepMs !== undefined) {
    agent.log.warn({ stepMs }, 'the wall clock was set');
    await recorder.record({ $case: 'clockStepped', value: { stepMs } });
  }
  await state.outbox.flush();
  const controllerNowMs = controllerClock.nowMs();
  if (controllerNowMs === undefined) return;
  await state.clockFloor.raise(controllerNowMs).catch((error: unknown) => {
    agent.log.warn(errorFields(error), 'the clock floor was not stored');
  });
}
