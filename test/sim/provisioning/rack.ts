/** The real use cases over a real store, and agents that carry out what they are ordered: once, whoever asks again. */

import type { AgentEvent } from '../../../controller/domain/event.js';
import type { Saga } from '../../../controller/domain/provisioning/saga.js';
import type { FactChange } from '../../../controller/usecases/agent-messages.js';
import type { Core } from '../../../controller/usecases/core.js';
import type { Store } from '../../../controller/usecases/ports.js';
import type { DrainCall } from '../../../controller/usecases/provisioning/ports.js';
import { by } from '../../../controller/usecases/testing/by.js';
import { FakeWorld } from '../../../controller/usecases/testing/fake-world.js';
import { FakeAgent, healthyFacts, makeNode, makeStore, TestFleet } from '../../../controller/usecases/testing/fleet.js';
import { commandId } from '../../../proto/contract/ids.js';
import { renderSwitchPlan } from '../../../proto/contract/switch/parse-plan.js';
import { Machines, type Result, UPTIME_MS } from './machines.js';
import { type Life, mortalStore } from './mortal-store.js';
import { BOOT_SET, PLAN, TOPOLOGY } from './rack-setup.js';

const STEP_MS = 5_000;
const [SWITCH, FILESERVER] = [90, 91];
const NUMBERS: ReadonlyMap<string, number> = new Map([['pi-1', 1], ['pi-2', 2], ['pi-9', 9]]); // biome-ignore format: three pairs
export const kim = by('admin:kim');

/** An agent of the rack, over all controllers that it talks to. */
class Worker {
  readonly number: number;
  readonly #kind: 'switch' | 'fileserver';
  readonly #results = new Map<string, Result>();
  readonly #outbox: AgentEvent[] = [];
  #read = 0;
  agent: FakeAgent;

  constructor(number: number, kind: 'switch' | 'fileserver') {
    this.number = number;
    this.#kind = kind;
    this.agent = this.#newAgent(0, UPTIME_MS);
  }

  async connect(core: Core, desiredRevisionReached: number, nowMs: number): Promise<void> {
    this.agent = this.#newAgent(desiredRevisionReached, UPTIME_MS + nowMs);
    this.#read = 0;
    await this.agent.connect(core);
    this.agent.events(...this.#outbox);
  }

  async work(store: Store, machines: Machines, nowMs: number): Promise<void> {
    const ids = this.agent.commandsReceived;
    for (const id of ids.slice(this.#read)) {
      this.#read += 1;
      const known = this.#results.get(id);
      const record = await store.reader.command(commandId(id));
      if (record === undefined) continue;
      const result = known ?? machines.carryOut(id, record.action, nowMs);
      this.#results.set(id, result);
      this.#tell(id, result);
    }
  }

  #tell(id: string, { state, detail }: Result): void {
    const rejection = state === 'rejected' ? ('precondition' as const) : undefined;
    const update = { id: commandId(id), state, rejection, detail, tookMs: 5 };
    const sequence = this.#outbox.length + 1;
    const event = { bootId: `boot-${this.number}`, sequence, uptimeMs: 100_000, wallClockMs: 0 };
    this.#outbox.push({ ...event, what: { kind: 'command-update', update } });
    this.agent.events(...this.#outbox.slice(-1));
  }

  #newAgent(desiredRevisionReached: number, uptimeMs: number): FakeAgent {
    const supportedActions =
      this.#kind === 'switch'
        ? ['switch_power', 'switch_apply', 'switch_confirm', 'switch_roll_back']
        : ['root_prepare', 'root_activate', 'root_remove', 'boot_path_repair'];
    const bootId = `boot-${this.number}`;
    return new FakeAgent(this.number, { supportedActions, bootId, desiredRevisionReached, uptimeMs }, this.#kind);
  }
}

export class SimRack {
  readonly machines = new Machines();
  readonly drained: DrainCall[] = [];
  readonly revoked: string[] = [];
  /** How drains are answered; `undefined` = there is no hook. */
  drain: ((call: DrainCall) => Promise<string>) | undefined;
  readonly store: Store;
  readonly #switch = new Worker(SWITCH, 'switch');
  readonly #fileserver = new Worker(FILESERVER, 'fileserver');
  readonly #pis = new Map<string, FakeAgent>();
  #reached = 0;
  #nowMs = 0;
  #starts = 0;
  world = new FakeWorld();
  life: Life = { callsLeft: Infinity, writesLeft: Infinity, isDead: false };
  #fleet: TestFleet | undefined;

  private constructor(store: Store) {
    this.store = store;
  }

  get core(): Core {
    if (this.#fleet === undefined) throw new Error('no controller runs');
    return this.#fleet.core;
  }

  static async start(): Promise<SimRack> {
    const rack = new SimRack(await makeStore(new FakeWorld()));
    const nodes = [
      ...[1, 2].map((number) => makeNode(number)),
      makeNode(9), // it joined by itself, with a token, when it booted for the first time: here that is before
      makeNode(SWITCH, { kind: 'switch', name: 'sw-1' }),
      makeNode(FILESERVER, { kind: 'fileserver', name: 'fs-1' }),
    ];
    await rack.store.transact(async (writer) => {
      for (const node of nodes) await writer.putNode(node);
    });
    await rack.startController();
    const { core } = rack;
    await core.healing.topologies.set({ document: TOPOLOGY, expectedRevision: 0, reason: 'as built' }, kim);
    const [fileserver] = nodes.slice(-1);
    if (fileserver === undefined) throw new Error('there is a fileserver');
    await core.nodeConfigs.set(
      fileserver.id,
      { config: { bootSet: BOOT_SET }, expectedRevision: 0, reason: 'as built' },
      kim,
    );
    await rack.#keepPlan();
    await rack.pass(60_000);
    return rack;
  }

  /** A new process on what was committed; the one before is not heard of any more. */
  async startController(): Promise<void> {
    this.#starts += 1;
    this.world = new FakeWorld(this.#starts);
    this.world.stepWallClock(this.#nowMs);
    this.life = { callsLeft: Infinity, writesLeft: Infinity, isDead: false };
    const { drain } = this;
    this.#fleet = await TestFleet.start({
      ...{ store: mortalStore(this.store, this.life), nodes: [], world: this.world },
      drain: drain === undefined ? undefined : (call) => drain(call),
      revokeIn: async (_writer, { id }) => ({ committed: () => { this.revoked.push(id); return makeNode(9); } }), // biome-ignore format: one line
    });
    for (const worker of [this.#switch, this.#fileserver]) await worker.connect(this.core, this.#reached, this.#nowMs);
    this.#pis.clear();
    await this.#report();
  }

  /** Lets time pass; a controller that died is replaced by the next at once. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= STEP_MS) {
      await this.#work().catch((thrown: unknown) => {
        if (!this.life.isDead) throw thrown; // else: whoever spoke to it when it died speaks to the next
      });
      await this.world.advance(Math.min(left, STEP_MS));
      this.#nowMs += Math.min(left, STEP_MS);
      if (this.life.isDead) await this.startController();
    }
  }

  /** The controller is dead for so long: machines live on, and the next one finds what became of them. */
  async away(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= STEP_MS) {
      this.#nowMs += STEP_MS;
      this.machines.tick(this.#nowMs);
    }
    await this.startController();
  }

  /** Until nothing is under way, or an hour is over. */
  async untilSettled(limitMs = 3_600_000): Promise<void> {
    for (let passed = 0; passed < limitMs; passed += STEP_MS) {
      await this.pass(STEP_MS);
      if ((await this.store.reader.provisioning.openSagas()).length === 0) return;
    }
    throw new Error('it does not come to its end');
  }

  /** How many controllers there were. */
  get starts(): number {
    return this.#starts;
  }

  /** Everything that was ordered since the rack was built, in its order. */
  async orders(): Promise<readonly string[]> {
    const commands = await this.store.reader.commandsNewest(undefined, { limit: 200 });
    return commands
      .toReversed()
      .map(({ action }) => ('action' in action ? `${action.kind} ${action.action}` : action.kind));
  }

  /** Its root breaks, and it starts again. */
  breakRoot(port: string, serial: string): void {
    const roots = this.machines.roots.get(serial);
    if (roots === undefined) throw new Error('it has no roots');
    roots.images.set(roots.current, 'bad');
    this.machines.restart(port);
    this.machines.power.set(port, this.#nowMs);
  }

  async newest(): Promise<Saga> {
    const [saga] = await this.store.reader.provisioning.sagas(undefined, 1);
    if (saga === undefined) throw new Error('there was none');
    return saga;
  }

  async #work(): Promise<void> {
    this.machines.tick(this.#nowMs);
    for (const worker of [this.#switch, this.#fileserver]) await worker.work(this.store, this.machines, this.#nowMs);
    await this.#followConfig();
    await this.#report();
    await this.world.settle();
  }

  async #followConfig(): Promise<void> {
    const [newest] = await this.store.reader.nodeConfigs(this.#fileserver.agent.peer.nodeId, { limit: 1 });
    if (newest === undefined) return;
    if (newest.revision > this.#reached) {
      this.#reached = newest.revision;
      this.machines.bootSet = newest.config.bootSet ?? BOOT_SET;
    }
    const revision = this.#reached;
    const told = { revision, triedRevision: revision, outcome: 'reached', detail: '' } as const;
    this.#fileserver.agent.session?.receive({ kind: 'desired-state-reached', ...told });
  }

  async #report(): Promise<void> {
    const running = new Map([...this.machines.up.values()].map(({ node, boot }) => [node, boot]));
    for (const [name, number] of NUMBERS) {
      const boot = running.get(name);
      const known = this.#pis.get(name);
      if (known !== undefined && known.hello.bootId !== `boot-${boot}`) {
        known.cut();
        this.#pis.delete(name);
      }
      if (boot !== undefined && !this.#pis.has(name)) {
        this.#pis.set(name, await new FakeAgent(number, { bootId: `boot-${boot}` }).connect(this.core));
      }
    }
    for (const pi of this.#pis.values()) pi.report();
    this.#fileserver.agent.report([...healthyFacts(), ...this.#diskFacts()]);
    this.#switch.agent.report();
  }

  #diskFacts(): readonly FactChange[] {
    const roots = [...this.machines.roots].flatMap(([instance, { current, previous, images }]): FactChange[] => [
      { fact: 'root_generation_count', instance, value: current },
      { fact: 'root_previous_count', instance, value: previous },
      { fact: 'root_image_text', instance, value: images.get(current) ?? '' },
    ]);
    const rescued = this.machines
      .bootRecords()
      .map(({ serial, text }): FactChange => ({ fact: 'board_boot_text', instance: serial, value: text }));
    return [{ fact: 'collector_state', instance: 'raid', value: 2 }, ...roots, ...rescued];
  }

  /** As an operator would have: by hand, before any of this. */
  async #keepPlan(): Promise<void> {
    const { commands } = this.core;
    const id = this.#switch.agent.peer.nodeId;
    const plan = renderSwitchPlan(PLAN);
    const apply = { kind: 'switch-apply', plan, confirmWithinMs: 120_000 } as const;
    const { id: changeId } = await commands.issue(id, { action: apply, reason: 'as built', validForMs: 60_000 }, kim);
    await this.pass(STEP_MS * 2);
    const confirm = { kind: 'switch-confirm', changeId } as const;
    await commands.issue(id, { action: confirm, reason: 'as built', validForMs: 60_000 }, kim);
  }
}
