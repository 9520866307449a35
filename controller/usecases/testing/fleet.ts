import { BrambleError } from '../../../proto/contract/errors.js';
import { type CommandId, type NodeId, type NodeKind, nodeId, siteId } from '../../../proto/contract/ids.js';
import type { CommandRecord, SignedCommand } from '../../domain/command.js';
import type { AgentEvent, AgentEventKind, FleetEvent } from '../../domain/event.js';
import type { Node } from '../../domain/node.js';
import { openSqliteStore } from '../../store/sqlite-store.js';
import type {
  AgentConnection,
  AgentHello,
  AgentPeer,
  AgentSession,
  FactChange,
  GoodbyeReason,
  ToAgent,
} from '../agent-messages.js';
import type { AlertChannel } from '../alerts/ports.js';
import { type Core, type CoreDeps, type CoreOptions, startCore } from '../core.js';
import type { Store } from '../ports.js';
import { FakeWorld } from './fake-world.js';
import { healingPorts } from './healing-ports.js';

const TEXT = new TextEncoder();

export const id = (number: number): NodeId => nodeId(`n-${String(number).padStart(13, '0')}`);

export function makeNode(number: number, over: Partial<Node> = {}): Node {
  return {
    id: id(number),
    site: siteId('lab'),
    kind: 'pi',
    name: `pi-${number}`,
    lifecycle: 'enrolled',
    board: { model: 'Raspberry Pi 3 Model B Rev 1.2', serial: `0000000${number}`, macAddresses: [] },
    enrolledAtMs: 0,
    desiredRevision: 0,
    ...over,
  };
}

/** A healthy node's facts; `over` changes single ones, `undefined` leaves them out. */
export function healthyFacts(over: Readonly<Record<string, FactChange['value']>> = {}): readonly FactChange[] {
  const facts: Readonly<Record<string, FactChange['value']>> = {
    memory_total_bytes: 1_000_000,
    memory_available_bytes: 600_000,
    memory_oom_kills_count: 0,
    clock_synchronised_flag: 1,
    'filesystem_size_bytes /': 1_000_000,
    'filesystem_available_bytes /': 500_000,
    'filesystem_read_only_flag /': 0,
    ...over,
  };
  return Object.entries(facts)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => {
      const [fact, instance = ''] = key.split(' ');
      return { fact: fact as FactChange['fact'], instance, value }; // the keys above are names of facts
    });
}

/** One agent's end of a stream. */
export class FakeAgent implements AgentConnection {
  readonly received: ToAgent[] = [];
  readonly peer: AgentPeer;
  readonly from = '192.0.2.7:40000';
  closedWith: { readonly reason: GoodbyeReason; readonly detail: string } | undefined;
  answersProbes = true;
  hello: AgentHello;
  session: AgentSession | undefined;
  #reportSequence = 0;

  constructor(number: number, over: Partial<AgentHello> = {}, kind: NodeKind = 'pi') {
    this.peer = { nodeId: id(number), site: siteId('lab'), kind, spkiSha256: '00' };
    this.hello = {
      kind,
      board: { model: 'Raspberry Pi 3 Model B Rev 1.2', serial: `0000000${number}`, macAddresses: [] },
      bootId: `boot-${number}-1`,
      processNonce: `process-${number}-1`,
      agentVersion: '0.1.0',
      ledgerHead: { newestCommandIds: [], entriesCount: 0, epochHighest: 0 },
      outboxHead: { oldestSequence: 0, nextSequence: 1, droppedCount: 0 },
      desiredRevisionReached: 0,
      supportedActions: ['restart_unit', 'reboot'],
      wallClockMs: 0,
      clockUntrusted: false,
      uptimeMs: 100_000,
      auditHeads: [],
      ...over,
    };
  }

  send(message: ToAgent): void {
    this.received.push(message);
    if (message.kind !== 'probe' || !this.answersProbes) return;
    const { bootId, processNonce } = this.hello;
    // A real answer takes a turn of the network.
    void Promise.resolve().then(() => {
      this.session?.receive({ kind: 'probe-reply', nonce: message.nonce, bootId, processNonce });
    });
  }

  close(reason: GoodbyeReason, detail: string): void {
    this.closedWith = { reason, detail };
    this.session?.closed();
  }

  async connect(core: Core): Promise<this> {
    this.session = await core.gate.connect(this, this.hello);
    return this;
  }

  /** The network or the process is gone without a word. */
  cut(): void {
    this.session?.closed();
  }

  report(changes: readonly FactChange[] = healthyFacts(), full = true): void {
    this.#reportSequence += 1;
    const report = { sequence: this.#reportSequence, full, takenAtMs: 0, changes };
    this.session?.receive({ kind: 'report', report });
  }

  events(...events: readonly AgentEvent[]): void {
    this.session?.receive({ kind: 'events', events });
  }

  got<Kind extends ToAgent['kind']>(kind: Kind): readonly Extract<ToAgent, { kind: Kind }>[] {
    return this.received.filter((message): message is Extract<ToAgent, { kind: Kind }> => message.kind === kind);
  }

  get commandsReceived(): readonly string[] {
    return this.got('command').map(({ command }) => new TextDecoder().decode(command.payload));
  }
}

export function agentEvent(sequence: number, what: AgentEventKind, over: Partial<AgentEvent> = {}): AgentEvent {
  return { bootId: 'boot-1-1', sequence, uptimeMs: 100_000, wallClockMs: 0, what, ...over };
}

export function commandUpdate(commandId: CommandId, state: 'accepted' | 'started' | 'succeeded'): AgentEventKind {
  return { kind: 'command-update', update: { id: commandId, state, rejection: undefined, detail: '', tookMs: 5 } };
}

/** The real store, in memory and in this thread. */
export function makeStore(world: FakeWorld): Promise<Store> {
  return openSqliteStore({ path: ':memory:', mode: 'inline', clock: world.clock, log: world.log });
}

/** A controller on virtual time. `restart` keeps the store and loses the rest, as a crash does. */
export class TestFleet {
  readonly world: FakeWorld;
  readonly store: Store;
  readonly core: Core;
  readonly options: Partial<CoreOptions>;

  private constructor(world: FakeWorld, store: Store, core: Core, options: Partial<CoreOptions>) {
    this.world = world;
    this.store = store;
    this.core = core;
    this.options = options;
  }

  static async start(
    given: {
      readonly nodes?: readonly Node[];
      readonly store?: Store;
      readonly world?: FakeWorld;
      readonly options?: Partial<CoreOptions>;
      readonly mayStill?: CoreDeps['mayStill'];
      readonly uplinks?: CoreDeps['uplinks'];
      readonly healing?: CoreDeps['healing'];
      readonly channels?: readonly AlertChannel[] | undefined;
      readonly drain?: CoreDeps['provisioning']['drain'];
      readonly revokeIn?: CoreDeps['provisioning']['revokeIn'];
    } = {},
  ): Promise<TestFleet> {
    const world = given.world ?? new FakeWorld();
    const store = given.store ?? (await makeStore(world));
    const nodes = given.nodes ?? [makeNode(1), makeNode(2)];
    await store.transact(async (writer) => {
      for (const node of nodes) await writer.putNode(node);
    });
    const options = given.options ?? {};
    const core = await startCore({
      store,
      world,
      trust: { signCommand: fakeSign },
      codec,
      history: noHistory,
      healing: { ...(given.healing ?? healingPorts), channels: given.channels ?? [] },
      provisioning: {
        drain: given.drain,
        revokeIn: given.revokeIn ?? (() => Promise.reject(new Error('nobody revokes here'))),
      },
      mayStill: given.mayStill ?? (() => Promise.resolve(true)),
      options,
      uplinks: given.uplinks,
    });
    return new TestFleet(world, store, core, options);
  }

  /** As after kill -9: a new process with a new monotonic clock, on what was committed. */
  async restart(options: Partial<CoreOptions> = this.options): Promise<TestFleet> {
    return await TestFleet.start({ store: this.store, nodes: [], options, world: new FakeWorld(2) });
  }

  async timeline(): Promise<readonly string[]> {
    return (await this.events()).map(({ reason }) => reason);
  }

  async events(): Promise<readonly FleetEvent[]> {
    await this.world.settle();
    return await this.store.reader.eventsAfter(0, { limit: 1_000 });
  }

  async connect(agent: FakeAgent): Promise<FakeAgent> {
    await agent.connect(this.core);
    await this.world.settle();
    return agent;
  }
}

/** Why a connection was refused. */
export async function refusal(attempt: Promise<unknown>): Promise<BrambleError> {
  try {
    await attempt;
  } catch (thrown) {
    return BrambleError.from(thrown);
  }
  throw new Error('was let in');
}

const noHistory = { record: (): void => {} };
const codec = { encode: (command: CommandRecord): Uint8Array => TEXT.encode(command.id) };
const fakeSign = (payload: Uint8Array): SignedCommand => ({ payload, keyId: 'k1', signature: new Uint8Array(64) });
