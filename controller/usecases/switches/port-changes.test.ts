import { expect, test } from 'vitest';
import { commandId, type NodeId, siteId } from '../../../proto/contract/ids.js';
import { fileMark } from '../../../proto/contract/switch/file-mark.js';
import { parseSwitchPlan, renderSwitchPlan } from '../../../proto/contract/switch/parse-plan.js';
import { renderInterfaces } from '../../../proto/contract/switch/render-interfaces.js';
import type { AgentEventKind } from '../../domain/event.js';
import type { PortChange } from '../../domain/switch/port-change.js';
import { by } from '../testing/by.js';
import { agentEvent, FakeAgent, healthyFacts, id, makeNode, refusal, TestFleet } from '../testing/fleet.js';
import { PortChanges } from './port-changes.js';
import { PortDesk } from './port-desk.js';

const KIM = by('admin:kim');
const ADMIN = { principal: { kind: 'administrator', name: 'kim' }, actor: KIM } as const;
const REPORT_MS = 5_000;

/** One Pi at port 1 in this VLAN. */
function planWith(vlan: number): string {
  const plan = {
    ...{ style: 'vlan-aware', management: { name: 'eth0', address: 'dhcp' }, storageVlans: '10-130' },
    ports: { swp1: { role: 'pi', storageVlan: vlan }, swp9: { role: 'fileserver', vlans: vlan } },
  };
  return renderSwitchPlan(parseSwitchPlan(plan));
}

/** Two switches and their fileserver, which answer what they are told to answer. */
class PortSite {
  readonly fleet: TestFleet;
  readonly changes: PortChanges;
  readonly desk: PortDesk;
  readonly agents: readonly FakeAgent[];
  readonly silent = new Set<FakeAgent>();
  /** Words of facts that an agent reports besides. */
  readonly facts = new Map<FakeAgent, Readonly<Record<string, number | string>>>();
  #sequence = 0;

  private constructor(fleet: TestFleet, agents: readonly FakeAgent[]) {
    const { store, world, core } = fleet;
    const { nodes, commands, onCommitted } = core;
    this.fleet = fleet;
    this.agents = agents;
    this.changes = new PortChanges({ store, world, nodes, commands, onCommitted });
    this.desk = new PortDesk({ changes: this.changes, nodes, store });
  }

  static async start(): Promise<PortSite> {
    const nodes = [
      makeNode(1, { kind: 'switch', name: 'sw-1' }),
      makeNode(2, { kind: 'switch', name: 'sw-2' }),
      makeNode(3, { kind: 'fileserver', name: 'fs-1', site: siteId('lab') }),
    ];
    const fleet = await TestFleet.start({ nodes, options: { reportIntervalMs: REPORT_MS } });
    const supportedActions = ['switch_apply', 'switch_confirm', 'switch_roll_back'];
    const agents = [
      new FakeAgent(1, { supportedActions }, 'switch'),
      new FakeAgent(2, { supportedActions }, 'switch'),
      new FakeAgent(3, {}, 'fileserver'),
    ];
    for (const agent of agents) await fleet.connect(agent);
    const site = new PortSite(fleet, agents);
    await site.changes.load();
    await site.pass(REPORT_MS);
    return site;
  }

  agent(number: number): FakeAgent {
    const agent = this.agents[number - 1];
    if (agent === undefined) throw new Error(`no agent ${number}`);
    return agent;
  }

  async begin(plans: readonly string[], over: { readonly isByHand?: boolean } = {}): Promise<PortChange> {
    const switches = plans.map((plan, at) => ({ nodeId: id(at + 1), plan }));
    return this.changes.begin({ switches, reason: 'a shelf', confirmWithinMs: 60_000, isByHand: false, ...over }, KIM);
  }

  /** Time goes by, and whoever is not silent reports. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= REPORT_MS) {
      for (const agent of this.agents) {
        if (!this.silent.has(agent)) agent.report(healthyFacts(this.facts.get(agent)));
      }
      await this.fleet.world.advance(Math.min(left, REPORT_MS));
    }
  }

  /** The newest order to a switch, answered. */
  async answer(number: number, state: 'succeeded' | 'failed', detail = ''): Promise<string> {
    const agent = this.agent(number);
    const newest = agent.commandsReceived.at(-1) ?? '';
    const update = { id: commandId(newest), state, rejection: undefined, detail, tookMs: 5 } as const;
    const what: AgentEventKind = { kind: 'command-update', update };
    this.#sequence += 1;
    agent.events(agentEvent(this.#sequence, what, { bootId: agent.hello.bootId }));
    await this.fleet.world.settle();
    const record = await this.fleet.store.reader.command(commandId(newest));
    return record?.action.kind ?? '';
  }

  async now(of: PortChange): Promise<PortChange | undefined> {
    return this.changes.find(of.id);
  }

  async kept(node: NodeId): Promise<readonly (string | number)[]> {
    const plan = await this.fleet.store.reader.switches.keptPlan(node);
    return plan === undefined ? [] : [plan.revision, plan.plan];
  }
}

/** A change over both switches that stays. */
async function kept(site: PortSite, plans: readonly string[]): Promise<PortChange> {
  const change = await site.begin(plans);
  for (const number of [1, 2]) expect(await site.answer(number, 'succeeded')).toBe('switch-apply');
  await site.pass(2 * REPORT_MS);
  for (const number of [1, 2]) expect(await site.answer(number, 'succeeded')).toBe('switch-confirm');
  await site.pass(REPORT_MS);
  return change;
}

test('a change over two switches is confirmed at both once they and their fileserver were heard again, and is what is kept', async () => {
  const site = await PortSite.start();
  const change = await site.begin([planWith(11), planWith(12)]);
  expect(await site.answer(1, 'succeeded')).toBe('switch-apply');
  await site.pass(REPORT_MS);
  expect(await site.now(change)).toMatchObject({ state: 'applying', detail: 'sw-2 not on trial yet' });
  site.silent.add(site.agent(3));
  await site.answer(2, 'succeeded');
  await site.pass(3 * REPORT_MS);
  expect(await site.now(change)).toMatchObject({ state: 'watching', detail: 'fs-1 was not heard from since' });
  site.silent.clear();
  await site.pass(2 * REPORT_MS);
  expect(await site.now(change)).toMatchObject({ state: 'confirming' });
  for (const number of [1, 2]) expect(await site.answer(number, 'succeeded')).toBe('switch-confirm');
  await site.pass(REPORT_MS);
  expect(await site.now(change)).toMatchObject({ state: 'kept' });
  expect([await site.kept(id(1)), await site.kept(id(2))]).toEqual([
    [1, planWith(11)],
    [1, planWith(12)],
  ]);
  expect(await site.fleet.timeline()).toContain('PortsKept');
});

test('one switch refuses its part: the other is told to go back, and nothing is kept', async () => {
  const site = await PortSite.start();
  const change = await site.begin([planWith(11), planWith(12)]);
  await site.answer(1, 'succeeded');
  await site.answer(2, 'failed', 'ifupdown2 refuses the new file');
  await site.pass(REPORT_MS);
  expect(await site.now(change)).toMatchObject({
    state: 'taking-back',
    detail: 'sw-2: ifupdown2 refuses the new file',
  });
  expect(await site.answer(1, 'succeeded')).toBe('switch-roll-back');
  await site.pass(REPORT_MS);
  expect(await site.now(change)).toMatchObject({ state: 'taken-back' });
  expect([await site.kept(id(1)), await site.kept(id(2))]).toEqual([[], []]);
});

test('a fileserver that no longer hears its board holds the confirmation back until all is taken back', async () => {
  const site = await PortSite.start();
  site.facts.set(site.agent(3), { 'vlan_peer_state eth0.11': 1 });
  await site.pass(REPORT_MS);
  const change = await site.begin([planWith(11)]);
  site.facts.set(site.agent(3), { 'vlan_peer_state eth0.11': 2 });
  await site.answer(1, 'succeeded');
  await site.pass(4 * REPORT_MS);
  expect(await site.now(change)).toMatchObject({ state: 'watching', detail: 'fs-1 hears nobody in VLAN 11' });
  await site.pass(6 * REPORT_MS);
  expect(await site.now(change)).toMatchObject({ state: 'taking-back' });
});

test('what one switch kept and another did not is put back where it was kept', async () => {
  const site = await PortSite.start();
  await kept(site, [planWith(11), planWith(12)]);
  const change = await site.begin([planWith(21), planWith(22)]);
  for (const number of [1, 2]) await site.answer(number, 'succeeded');
  await site.pass(2 * REPORT_MS);
  await site.answer(1, 'succeeded');
  await site.answer(2, 'failed', 'its time has run out');
  await site.pass(REPORT_MS);
  expect(await site.now(change)).toMatchObject({ state: 'split' });
  const [back] = await site.changes.list(1);
  expect(back).toMatchObject({ restores: change.id, parts: [{ nodeId: id(1), plan: planWith(11) }] });
  expect(await site.answer(1, 'succeeded')).toBe('switch-apply');
});

test('T-35: a controller that starts anew in the middle goes on, and what nobody confirmed is taken back', async () => {
  const site = await PortSite.start();
  const change = await site.begin([planWith(11)]);
  await site.answer(1, 'succeeded');
  await site.changes.stop();
  const { store, world, core } = site.fleet;
  const { nodes, commands, onCommitted } = core;
  const anew = new PortChanges({ store, world, nodes, commands, onCommitted });
  await anew.load();
  for (const agent of site.agents) site.silent.add(agent);
  await site.pass(50_000);
  expect(await anew.find(change.id)).toMatchObject({ state: 'taking-back' });
  await anew.stop();
});

test('a kept change is taken back by a change of its own, and only while it is the newest', async () => {
  const site = await PortSite.start();
  const first = await kept(site, [planWith(11), planWith(12)]);
  const second = await kept(site, [planWith(21), planWith(22)]);
  expect(await refusal(site.changes.takeBack(first.id, 'no', KIM))).toMatchObject({ code: 'failed-precondition' });
  const back = await site.changes.takeBack(second.id, 'the wrong shelf', KIM);
  expect(back).toMatchObject({ restores: second.id, parts: [{ plan: planWith(11) }, { plan: planWith(12) }] });
  expect(await refusal(site.begin([planWith(31)]))).toMatchObject({ code: 'failed-precondition' });
});

test('by hand, a change waits for a word although everybody is seen', async () => {
  const site = await PortSite.start();
  const change = await site.begin([planWith(11)], { isByHand: true });
  await site.answer(1, 'succeeded');
  await site.pass(4 * REPORT_MS);
  expect(await site.now(change)).toMatchObject({ state: 'watching' });
  await site.changes.approve(change.id, KIM);
  await site.pass(REPORT_MS);
  expect(await site.now(change)).toMatchObject({ state: 'confirming' });
  expect(await refusal(site.changes.approve(change.id, KIM))).toMatchObject({ code: 'failed-precondition' });
});

test('either all switches get their orders or none does: one that is away is enough', async () => {
  const site = await PortSite.start();
  site.agent(2).cut();
  await site.fleet.world.settle();
  expect(await refusal(site.begin([planWith(11), planWith(12)]))).toMatchObject({ code: 'failed-precondition' });
  expect(site.agent(1).commandsReceived).toEqual([]);
  expect(await site.changes.list(10)).toEqual([]);
});

test('whether the file of a switch is that of its plan is known by its mark', async () => {
  const site = await PortSite.start();
  await kept(site, [planWith(11), planWith(12)]);
  const file = async () => (await site.desk.ports(id(1), ADMIN)).file;
  expect(await file()).toBe('unknown');
  const mark = fileMark(renderInterfaces(parseSwitchPlan(JSON.parse(planWith(11)))));
  site.facts.set(site.agent(1), { switch_file_text: mark });
  await site.pass(REPORT_MS);
  expect(await file()).toBe('as-planned');
  site.facts.set(site.agent(1), { switch_file_text: fileMark('auto lo') });
  await site.pass(REPORT_MS);
  expect(await file()).toBe('differs');
});

test('what a plan would change is shown, and changes nothing', async () => {
  const site = await PortSite.start();
  await kept(site, [planWith(11), planWith(12)]);
  const [preview] = await site.desk.preview([{ nodeId: id(1), plan: planWith(12) }], ADMIN);
  expect(preview).toMatchObject({ name: 'sw-1', revision: 1, findings: [] });
  expect(preview?.effects.map(({ name, effect }) => `${name} ${effect}`)).toEqual(['swp1 move', 'swp9 move']);
  expect(await site.changes.list(10)).toHaveLength(1);
});
