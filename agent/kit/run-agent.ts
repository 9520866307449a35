import { BrambleError } from '../../proto/contract/errors.js';
import { GoodbyeReason } from '../../proto/gen/bramble/agent/v1/link.js';
import { enroll } from './enroll/enroll.js';
import type { Identity } from './enroll/identity.js';
import { withLimit } from './limit.js';
import { errorFields } from './log.js';
import { Heartbeat } from './report/heartbeat.js';
import type { AgentOptions } from './runtime/agent-options.js';
import { type AgentState, openAgentState } from './runtime/agent-state.js';
import { describeNode, type NodeDescription } from './runtime/describe-node.js';
import { type WiredAgent, wireAgent } from './runtime/wire-agent.js';
import { TunnelKeeper } from './tunnel/keeper.js';

/** All of the shutdown together; what hangs longer is left behind, and settled by the next process. */
const SHUTDOWN_MS = 1_500;
/** What a goodbye promises: a service that is restarted, and a board that boots from a slow card. */
const RESTART_BACK_MS = 60_000;
const REBOOT_BACK_MS = 180_000;

/**
 * Runs an agent until the signal aborts; then says goodbye and resolves within two seconds.
 * @throws BrambleError `failed-precondition` (not enrolled, and nothing to enrol with), `data-loss` (damaged identity),
 * `invalid-argument` (the join token is none), or of the storage while it enrols
 */
export async function runAgent(options: AgentOptions, signal: AbortSignal): Promise<void> {
  const { host, log } = options;
  const startedMs = Math.round(host.clock.monotonicMs());
  const node = describeNode(options.kind, host.kernel);
  const state = await openAgentState(host, options);
  const life = new AbortController();
  let isGettingOn = (): boolean => true; // enrolling waits by design, with a timer that is always set
  const heartbeat = new Heartbeat(host.clock, () => {
    if (isGettingOn()) options.progress();
  });
  const beating = heartbeat.run(life.signal);
  try {
    options.notifyReady();
    const identity = await identify(options, node, state, signal);
    if (signal.aborted) return;
    const tunnel = await loadTunnel(options);
    const wired = wireAgent({ agent: options, node, state, identity, heartbeat, startedMs, tunnel, life: life.signal });
    isGettingOn = () => wired.reporter.isAlive(host.clock.monotonicMs());
    log.info({ nodeId: identity.nodeId, version: options.version, bootId: node.bootId }, 'the agent runs');
    await tellStart(options, node, state, wired);
    const failure = await work(wired, life.signal, signal);
    await shutDown(options, { node, state, wired, isClean: failure === undefined });
    if (failure !== undefined) throw failure.error;
  } catch (error) {
    if (!signal.aborted) throw error; // a stop is no failure, wherever it came upon us
  } finally {
    life.abort();
    await beating;
  }
}

async function identify(
  options: AgentOptions,
  { kind, board, hostname }: NodeDescription,
  state: AgentState,
  signal: AbortSignal,
): Promise<Identity> {
  const { host, join, version: agentVersion, log } = options;
  const known = await state.identities.load();
  if (known !== undefined) return known;
  if (join === undefined) {
    throw new BrambleError('failed-precondition', 'this node has not enrolled, and has nothing to enrol with', {
      hint: 'create a join token with `bramble token create` and name it in the configuration of the agent',
    });
  }
  const node = { kind, board, hostname, agentVersion };
  const clockFloorMs = state.clockFloor.valueMs;
  const identity = await enroll({ host, store: state.identities, join, node, clockFloorMs, log }, signal);
  log.info({ nodeId: identity.nodeId }, 'enrolled');
  return identity;
}

async function loadTunnel({ host, stateDir, tunnel, log }: AgentOptions): Promise<TunnelKeeper | undefined> {
  if (tunnel === undefined) return undefined;
  const { files, keys } = host;
  return await TunnelKeeper.load({ files, keys, path: `${stateDir}/tunnel.json`, log, ...tunnel });
}

/** Events first, then the marker: killed in between, the start is told twice rather than never. */
async function tellStart(
  { version, log }: AgentOptions,
  { bootId }: NodeDescription,
  { marker }: AgentState,
  { recorder }: WiredAgent,
): Promise<void> {
  const previous = await marker.previousRun(bootId);
  if (bootId !== '' && previous.bootId !== bootId) {
    await recorder.record({ $case: 'bootObserved', value: { previousBootId: previous.bootId } });
  }
  await recorder.record({ $case: 'agentStarted', value: { agentVersion: version, previousExit: previous.exit } });
  await marker.write('running', bootId).catch((error: unknown) => {
    log.warn(errorFields(error), 'nobody will know how this process ended');
  });
}

/** Until it is asked to stop. Answers with what a bug threw. */
async function work(
  { dispatcher, nodeConfig, session, reporter, watch }: WiredAgent,
  life: AbortSignal,
  signal: AbortSignal,
): Promise<{ readonly error: unknown } | undefined> {
  dispatcher.settle();
  nodeConfig.resume();
  session.start();
  const stopped = new Promise<undefined>((resolve) => {
    const onAbort = (): void => {
      resolve(undefined);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  const failed = (work: Promise<void>): Promise<{ readonly error: unknown } | undefined> =>
    work.then(
      () => stopped,
      (error: unknown) => ({ error }),
    );
  const watching = new AbortController();
  try {
    return await Promise.race([failed(reporter.run(life)), failed(watch(watching.signal)), stopped]);
  } finally {
    watching.abort();
  }
}

interface Ending {
  readonly node: NodeDescription;
  readonly state: AgentState;
  readonly wired: WiredAgent;
  /** False after a bug: the next process says that this one crashed. */
  readonly isClean: boolean;
}

async function shutDown({ host, log }: AgentOptions, { node, state, wired, isClean }: Ending): Promise<void> {
  const { dispatcher, nodeConfig, scheduler, session } = wired;
  const isReboot = dispatcher.runningAction === 'reboot';
  const goodbye = {
    reason: isReboot ? GoodbyeReason.REBOOT : GoodbyeReason.SHUTDOWN,
    expectedBackMs: isReboot ? REBOOT_BACK_MS : RESTART_BACK_MS,
    detail: '',
  };
  const limits = { clock: host.clock, limitMs: SHUTDOWN_MS, signal: new AbortController().signal };
  try {
    await withLimit(limits, async () => {
      scheduler.stop();
      nodeConfig.stop();
      await session.stop(goodbye);
      await dispatcher.stop();
      if (isClean) await state.marker.write('ended', node.bootId);
      await Promise.all([state.outbox.close(), state.ledger.close()]);
    });
    log.info({}, 'the agent has ended');
  } catch (error) {
    log.warn(errorFields(error), 'the agent ended without finishing everything');
  }
}
