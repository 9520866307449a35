import type { TopologyDocument } from '../../../proto/contract/api/topology.js';
import type { NodeKind } from '../../../proto/contract/ids.js';
import type { BootSet } from '../../../proto/contract/netboot/boot-set.js';
import { HEALING } from '../../domain/access/actor.js';
import { PROVISIONING } from '../../domain/provisioning/saga.js';
import type { FactChange } from '../agent-messages.js';
import type { AlertChannel } from '../alerts/ports.js';
import type { HealingPorts } from '../core.js';
import { by } from './by.js';
import { agentEvent, FakeAgent, healthyFacts, makeNode, TestFleet } from './fleet.js';
import { healingPorts } from './healing-ports.js';

export const PIS = 4;
const [SWITCH, FILESERVER] = [90, 91];
const REPORT_MS = 30_000;
/** Of a machine whose agent says hello. */
const UPTIME_MS = 100_000;
export const mac = (number: number): string => `b8:27:eb:00:00:0${number}`;
const address = (number: number): string => `10.46.0.${4 * number + 2}`;

/** One site: four Pis of one fileserver, on the first ports of one switch. */
export const SITE_TOPOLOGY: TopologyDocument = {
  sites: [{ name: 'lab', uplinkDownBitsPerS: 100_000_000, uplinkUpBitsPerS: 20_000_000 }],
  racks: [{ name: 'rack-1', site: 'lab' }],
  shelves: [{ name: 'shelf-1', rack: 'rack-1' }],
  psus: [],
  switches: [
    {
      name: 'sw-1',
      rack: 'rack-1',
      psus: [],
      vlanDomain: 'lab',
      ports: [
        { port: 1, toPort: 8, role: 'node', priority: 1, allocatedMilliW: 15_400, redundancyGroup: '' },
        { port: 9, role: 'fileserver', priority: 1, allocatedMilliW: 0, redundancyGroup: '' },
      ],
    },
  ],
  fileservers: [{ name: 'fs-1', rack: 'rack-1', psus: [], switch: 'sw-1' }],
  nodes: Array.from({ length: PIS }, (_, at) => ({
    name: `pi-${at + 1}`,
    site: 'lab',
    shelf: 'shelf-1',
    plug: { switch: 'sw-1', port: at + 1 },
    fileserver: 'fs-1',
    board: { serial: `0000000${at + 1}`, model: '3b', firmware: '' },
    image: 'bookworm-1',
  })),
  spares: [],
  pools: [
    { kind: 'vlan', domain: 'lab', first: 10, last: 20, reserved: [11] },
    { kind: 'storage', fileserver: 'fs-1', prefix: '10.46.0.0/24' },
    { kind: 'routed6', site: 'lab', prefix: '2001:db8:0:100::/56' },
  ],
};

/** Every Pi boots from its fileserver. */
const BOOT_SET: BootSet = {
  ...{ trunk: 'eth0', intakeImage: undefined, rescueImage: undefined },
  ports: SITE_TOPOLOGY.nodes.map(({ name, board }, at) => ({
    vlan: 12 + at,
    server: `10.46.0.${4 * at + 1}`,
    board: {
      ...{ serial: board.serial, mac: undefined, hostname: name, boardClass: 'pi3', bits: 64, hasBootCard: false },
      ...{ mode: 'root', ipv6: undefined, authorizedKeys: [] },
    },
  })),
};

interface SiteGiven {
  readonly topology?: TopologyDocument;
  readonly tunnelOf?: HealingPorts['tunnelOf'];
  readonly channels?: readonly AlertChannel[];
}

/** A controller with a site whose agents report by themselves, until one of them is told to be silent. */
export class HealingSite {
  readonly fleet: TestFleet;
  readonly pis: readonly FakeAgent[];
  readonly switch: FakeAgent;
  readonly fileserver: FakeAgent;
  /** Agents that say nothing. */
  readonly silent = new Set<FakeAgent>();
  /** Numbers of Pis that do not read their root any more. */
  readonly idle = new Set<number>();
  /** Numbers of Pis whose root the fileserver keeps. */
  readonly rooted = new Set<number>();
  /** What Pis tell beside the facts of a healthy one, by number; and the switch. */
  readonly says = new Map<number, readonly FactChange[]>();
  switchSays: readonly FactChange[] = [];
  readonly #connectedAtMs: number;

  private constructor(fleet: TestFleet, pis: readonly FakeAgent[], others: readonly [FakeAgent, FakeAgent]) {
    this.fleet = fleet;
    this.pis = pis;
    [this.switch, this.fileserver] = others;
    this.#connectedAtMs = fleet.world.clock.monotonicMs();
  }

  static async start(policy: string | undefined, given: SiteGiven = {}): Promise<HealingSite> {
    const node = (number: number, kind: NodeKind, name: string) =>
      makeNode(number, {
        kind,
        name,
        board: { model: 'Raspberry Pi 3 Model B Rev 1.2', serial: `0000000${number}`, macAddresses: [mac(number)] },
      });
    const pis = Array.from({ length: PIS }, (_, at) => node(at + 1, 'pi', `pi-${at + 1}`));
    const nodes = [...pis, node(SWITCH, 'switch', 'sw-1'), node(FILESERVER, 'fileserver', 'fs-1')];
    // As the accounts say it: none has the name of the healing.
    const { topology: document = SITE_TOPOLOGY, tunnelOf, channels } = given;
    const healing = { ...healingPorts, tunnelOf };
    const fleet = await TestFleet.start({
      nodes,
      healing,
      channels,
      mayStill: async (actor) => actor !== HEALING.name,
    });
    const { topologies, policies } = fleet.core.healing;
    await topologies.set({ document, expectedRevision: 0, reason: 'as built' }, by('admin:kim'));
    const wish = { config: { bootSet: BOOT_SET }, expectedRevision: 0, reason: `${PROVISIONING}as built` };
    await fleet.core.nodeConfigs.set(makeNode(FILESERVER).id, wish, by('admin:kim'));
    if (policy !== undefined) await policies.set(policy, 'for the test', by('admin:kim'));
    return await HealingSite.#connected(fleet);
  }

  static async #connected(fleet: TestFleet): Promise<HealingSite> {
    const pis = Array.from({ length: PIS }, (_, at) => new FakeAgent(at + 1));
    const power = new FakeAgent(
      SWITCH,
      { supportedActions: ['switch_power', 'switch_apply', 'switch_roll_back'] },
      'switch',
    );
    const disks = new FakeAgent(FILESERVER, { supportedActions: ['boot_path_repair', 'root_mailbox'] }, 'fileserver');
    for (const agent of [...pis, power, disks]) await agent.connect(fleet.core);
    return new HealingSite(fleet, pis, [power, disks]);
  }

  /** A new process on the same store; agents come back to it. */
  async restart(): Promise<HealingSite> {
    return await HealingSite.#connected(await this.fleet.restart());
  }

  /** Lets time pass; whoever is not silent reports every half minute. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= REPORT_MS) {
      this.#report();
      await this.fleet.world.advance(Math.min(left, REPORT_MS));
    }
  }

  /** Frozen: its agent says nothing, its root is not read, its port still has link and power. */
  hang(number: number): void {
    const pi = this.pis[number - 1];
    if (pi !== undefined) this.silent.add(pi);
    this.idle.add(number);
  }

  /** Its fileserver reads in its log, only now, that it has asked for an address and mounted its root. */
  async bootIsRead(number: number): Promise<void> {
    const nowMs = UPTIME_MS + this.fleet.world.clock.monotonicMs() - this.#connectedAtMs;
    const seen = { mac: mac(number), serial: '', address: address(number), interfaceName: 'eth0.10' };
    const stagesMs = { 'dhcp-seen': nowMs, 'nfs-mounted': nowMs };
    const unseen = { firstFileMs: undefined, missedMs: undefined, missedFirmware: false };
    const record = { ...seen, ...unseen, stagesMs, startedMs: nowMs, startsMs: [nowMs], seenMs: nowMs };
    const sequence = (this.#sequences.get(this.fileserver) ?? 0) + 1;
    this.#sequences.set(this.fileserver, sequence);
    const { bootId } = this.fileserver.hello;
    this.fileserver.events(agentEvent(sequence, { kind: 'board-boot', record, trouble: undefined }, { bootId }));
    await this.fleet.world.settle();
  }

  revive(number: number): void {
    const pi = this.pis[number - 1];
    if (pi !== undefined) this.silent.delete(pi);
    this.idle.delete(number);
  }

  /** Everything that any actuator was ordered, in words. */
  async orders(): Promise<readonly string[]> {
    const commands = await this.fleet.store.reader.commandsNewest(undefined, { limit: 100 });
    const nameOf = (id: string): string =>
      [...this.fleet.core.nodes.all()].find(({ node }) => node.id === id)?.node.name ?? id;
    return commands
      .toReversed()
      .map(({ nodeId, action }) =>
        action.kind === 'switch-power'
          ? `${nameOf(nodeId)} ${action.action} ${action.port}`
          : `${nameOf(nodeId)} ${action.kind}`,
      );
  }

  /** Lets time pass until so many orders were given, or ten minutes. */
  async untilOrdered(count: number): Promise<readonly string[]> {
    for (let passed = 0; passed < 20 && (await this.orders()).length < count; passed++) await this.pass(REPORT_MS);
    return await this.orders();
  }

  /** The newest open order of an agent is done. */
  async done(agent: FakeAgent, detail: string): Promise<void> {
    const nodeId = agent.peer.nodeId;
    const open = await this.fleet.store.reader.commands(nodeId, ['dispatched', 'accepted', 'started', 'unknown'], {
      limit: 10,
    });
    const command = open.at(-1);
    if (command === undefined) throw new Error('nothing was ordered');
    const update = { id: command.id, state: 'succeeded', rejection: undefined, detail, tookMs: 5 } as const;
    const sequence = (this.#sequences.get(agent) ?? 0) + 1;
    this.#sequences.set(agent, sequence);
    const event = { bootId: agent.hello.bootId, sequence, uptimeMs: 100_000, wallClockMs: 0 };
    agent.events({ ...event, what: { kind: 'command-update', update } });
    await this.fleet.world.settle();
  }

  readonly #sequences = new Map<FakeAgent, number>();

  /** Decisions about a node, oldest first. */
  async decisions(name: string): Promise<readonly string[]> {
    const records = await this.fleet.store.reader.healing.explainRecords({ node: name, limit: 100 });
    return records
      .toReversed()
      .map(({ record: { decision, rung, objection } }) =>
        [decision, rung, objection?.guard].filter((part) => part !== undefined).join(' '),
      );
  }

  #report(): void {
    const atS = Math.round(this.fleet.world.clock.nowMs() / 1_000);
    for (const [at, pi] of this.pis.entries()) {
      if (this.silent.has(pi)) continue;
      pi.report([...healthyFacts(), ...(this.says.get(at + 1) ?? [])]);
      this.#askedAtS.set(at + 1, atS);
    }
    for (let number = 1; number <= PIS; number++) {
      if (!this.idle.has(number)) this.#askedAtS.set(number, atS);
    }
    if (!this.silent.has(this.fileserver)) this.fileserver.report([...healthyFacts(), ...this.#diskFacts()]);
    if (!this.silent.has(this.switch)) this.switch.report([...healthyFacts(), ...portFacts(), ...this.switchSays]);
  }

  readonly #askedAtS = new Map<number, number>();

  /** Made of two clocks, each read to the second. */
  get #jitterS(): number {
    return Math.round(this.fleet.world.clock.monotonicMs() / REPORT_MS) % 2;
  }

  #diskFacts(): readonly FactChange[] {
    const peers = [...this.#askedAtS].flatMap(([number, asked]): readonly FactChange[] => [
      // The kernel forgets the hardware address of who does not answer.
      { fact: 'vlan_peer_mac_text', instance: address(number), value: this.idle.has(number) ? '' : mac(number) },
      { fact: 'nfs_client_asked_unix_s', instance: address(number), value: asked + this.#jitterS },
    ]);
    const roots = [...this.rooted].map((number): FactChange => {
      return { fact: 'root_generation_count', instance: `0000000${number}`, value: 1 };
    });
    return [{ fact: 'collector_state', instance: 'raid', value: 2 }, ...peers, ...roots];
  }
}

/** Every port is up and gives what a Pi draws. */
function portFacts(): readonly FactChange[] {
  return Array.from({ length: 9 }, (_, at): readonly FactChange[] => [
    { fact: 'network_operational_state', instance: `swp${at + 1}`, value: 1 },
    { fact: 'poe_admin_state', instance: `swp${at + 1}`, value: 1 },
    { fact: 'poe_actual_watts_milli', instance: `swp${at + 1}`, value: 3_000 },
  ]).flat();
}
