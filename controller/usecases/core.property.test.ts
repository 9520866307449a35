import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BrambleError } from '../../proto/contract/errors.js';
import { FakeWorld } from './testing/fake-world.js';
import { FaultyStore } from './testing/faulty-store.js';
import { agentEvent, FakeAgent, healthyFacts, id, makeNode, makeStore, TestFleet } from './testing/fleet.js';

/** What may happen to one of two nodes, or to the controller under them. */
type Step =
  | { readonly kind: 'connect'; readonly node: number; readonly boot: number; readonly process: number }
  | { readonly kind: 'cut' | 'mute' | 'good-report' | 'bad-report' | 'event' | 'goodbye'; readonly node: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'disk-full' | 'disk-free' | 'crash' };

const node = fc.integer({ min: 1, max: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('connect' as const),
    node,
    boot: fc.integer({ min: 1, max: 2 }),
    process: fc.integer({ min: 1, max: 2 }),
  }),
  fc.record({ kind: fc.constantFrom('cut', 'mute', 'good-report', 'bad-report', 'event', 'goodbye'), node }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 1_000, 6_000, 60_000, 600_000) }),
  fc.record({ kind: fc.constantFrom('disk-full', 'disk-free', 'crash') }),
);

/** Plays a story, and remembers what the agents were promised. */
class Play {
  fleet: TestFleet;
  readonly store: FaultyStore;
  readonly ackedSequences = new Set<number>();
  #live = new Map<number, FakeAgent>();
  #sequence = 0;

  constructor(fleet: TestFleet, store: FaultyStore) {
    this.fleet = fleet;
    this.store = store;
  }

  async run(what: Step): Promise<void> {
    switch (what.kind) {
      case 'connect':
        await this.#connect(what.node, `boot-${what.boot}`, `process-${what.process}`);
        break;
      case 'pass':
        await this.fleet.world.advance(what.ms);
        break;
      case 'disk-full':
        this.store.failWith = 'unavailable';
        break;
      case 'disk-free':
        this.store.failWith = undefined;
        break;
      case 'crash':
        this.store.failWith = undefined;
        this.#live.clear();
        this.fleet = await this.fleet.restart();
        break;
      default:
        this.#act(what.kind, what.node);
    }
    await this.fleet.world.settle();
    for (const agent of this.#live.values()) {
      for (const { throughSequence } of agent.got('event-ack')) this.ackedSequences.add(throughSequence);
    }
  }

  async #connect(number: number, bootId: string, processNonce: string): Promise<void> {
    const agent = new FakeAgent(number, { bootId, processNonce });
    const connecting = agent.connect(this.fleet.core);
    connecting.catch(() => undefined); // looked at below, after its probe had time
    await this.fleet.world.advance(5_000);
    try {
      this.#live.set(number, await connecting);
    } catch (thrown) {
      expect(['already-exists', 'unavailable']).toContain(BrambleError.from(thrown).code);
    }
  }

  #act(kind: 'cut' | 'mute' | 'good-report' | 'bad-report' | 'event' | 'goodbye', number: number): void {
    const agent = this.#live.get(number);
    if (agent === undefined) return;
    if (kind === 'cut') agent.cut();
    if (kind === 'mute') agent.answersProbes = false;
    if (kind === 'good-report') agent.report();
    if (kind === 'bad-report') agent.report(healthyFacts({ 'filesystem_available_bytes /': 1_000 }));
    if (kind === 'goodbye') agent.session?.receive({ kind: 'goodbye', reason: 'reboot', expectedBackMs: 60_000 });
    if (kind === 'event') {
      this.#sequence += 1;
      // Its words carry the sequence, so that the timeline shows which events were stored.
      agent.events(agentEvent(this.#sequence, { kind: 'events-dropped', droppedCount: this.#sequence }));
    }
  }
}

/** Every time one reason is told, the other must be told before it is told again; `first` comes first. */
function expectAlternating(reasons: readonly string[], first: string, second: string): void {
  const told = reasons.filter((reason) => reason === first || reason === second);
  told.forEach((reason, position) => {
    expect(reason).toBe(position % 2 === 0 ? first : second);
  });
}

test('property: whatever happens, one stream per node, acknowledged means stored, and news are told once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (story) => {
      const store = new FaultyStore(await makeStore(new FakeWorld()));
      const play = new Play(await TestFleet.start({ store, nodes: [makeNode(1), makeNode(2)] }), store);
      for (const what of story) {
        await play.run(what);
        const { core } = play.fleet;
        const withSession = [...core.nodes.all()].filter((entry) => entry.session !== undefined);
        expect(core.sessions.onlineCount).toBe(withSession.length);
        for (const { session } of withSession) expect(session?.isOver).toBe(false);
        expect(core.counters()).toMatchObject({ messages_failed_total: 0, journal_dropped_total: 0 });
      }
      store.failWith = undefined;
      await play.fleet.world.advance(60_000);
      const events = await play.fleet.events();
      for (const sequence of play.ackedSequences) {
        expect(events.filter(({ message }) => message.includes(`dropped ${sequence} event`))).toHaveLength(1);
      }
      for (const number of [1, 2]) {
        const reasons = events.filter((event) => event.nodeId === id(number)).map(({ reason }) => reason);
        expectAlternating(reasons, 'NodeSilent', 'NodeBack');
        expectAlternating(reasons, 'ConditionRaised', 'ConditionCleared');
        expect(reasons.filter((reason) => reason === 'NodeReporting').length).toBeLessThanOrEqual(1);
      }
    }),
    { numRuns: 60 },
  );
});
