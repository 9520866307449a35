/** The store against a model of plain maps: whatever is asked together, each transaction happened whole or not at all. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Store, StoreWriter } from '../../usecases/ports.js';
import type { StoreOpener } from './opener.js';
import {
  nodeIdOf,
  sampleAgentEvent,
  sampleCondition,
  sampleFleetEvent,
  sampleNode,
  sampleSegment,
  T0_MS,
} from './samples.js';

type Operation =
  | { readonly kind: 'setting'; readonly name: string; readonly value: string }
  | { readonly kind: 'node'; readonly node: number; readonly name: string }
  | { readonly kind: 'condition'; readonly node: number; readonly message: string }
  | { readonly kind: 'condition-gone'; readonly node: number }
  | { readonly kind: 'event'; readonly message: string }
  | { readonly kind: 'agent-event'; readonly node: number; readonly sequence: number }
  | { readonly kind: 'history'; readonly node: number; readonly hour: number }
  | { readonly kind: 'history-gone'; readonly node: number; readonly hour: number }
  | { readonly kind: 'throw' };

const small = fc.integer({ min: 1, max: 3 });
const word = fc.constantFrom('a', 'b', 'c');

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('setting' as const), name: word, value: word }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('node' as const), node: small, name: word }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('condition' as const), node: small, message: word }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('condition-gone' as const), node: small }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('event' as const), message: word }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('agent-event' as const), node: small, sequence: small }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('history' as const), node: small, hour: small }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('history-gone' as const), node: small, hour: small }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'throw' as const }) },
);

/** Transactions that are asked for in the same turn, each a list of operations. */
const groups = fc.array(fc.array(fc.array(operation, { maxLength: 5 }), { minLength: 1, maxLength: 5 }), {
  maxLength: 6,
});

class Model {
  settings = new Map<string, string>();
  nodes = new Map<number, string>();
  conditions = new Map<number, string>();
  events: string[] = [];
  agentEvents = new Set<string>();
  history = new Set<string>();

  copy(): Model {
    const copy = new Model();
    copy.settings = new Map(this.settings);
    copy.nodes = new Map(this.nodes);
    copy.conditions = new Map(this.conditions);
    copy.events = [...this.events];
    copy.agentEvents = new Set(this.agentEvents);
    copy.history = new Set(this.history);
    return copy;
  }

  /** What the operation answers; `undefined` when the transaction ends here. */
  apply(op: Operation): string | undefined {
    switch (op.kind) {
      case 'setting':
        this.settings.set(op.name, op.value);
        return 'done';
      case 'node': {
        const holder = [...this.nodes].find(([, name]) => name === op.name);
        if (holder !== undefined && holder[0] !== op.node) return undefined;
        this.nodes.set(op.node, op.name);
        return 'done';
      }
      case 'condition':
        if (!this.nodes.has(op.node)) return undefined;
        this.conditions.set(op.node, op.message);
        return 'done';
      case 'condition-gone':
        this.conditions.delete(op.node);
        return 'done';
      case 'event':
        this.events.push(op.message);
        return 'done';
      case 'agent-event': {
        const key = `${op.node} ${op.sequence}`;
        const isNew = !this.agentEvents.has(key);
        this.agentEvents.add(key);
        return String(isNew);
      }
      case 'history':
        this.history.add(`${op.node} ${op.hour}`);
        return 'done';
      case 'history-gone':
        this.history.delete(`${op.node} ${op.hour}`);
        return 'done';
      case 'throw':
        return undefined;
    }
  }
}

async function perform(writer: StoreWriter, op: Operation): Promise<string> {
  switch (op.kind) {
    case 'setting':
      await writer.putSetting(op.name, op.value);
      return 'done';
    case 'node':
      await writer.putNode(sampleNode(op.node, { name: op.name }));
      return 'done';
    case 'condition':
      await writer.putCondition(sampleCondition(1, { nodeId: nodeIdOf(op.node), message: op.message }));
      return 'done';
    case 'condition-gone':
      await writer.removeCondition(sampleCondition(1, { nodeId: nodeIdOf(op.node) }));
      return 'done';
    case 'event':
      await writer.addFleetEvent(sampleFleetEvent(1, { message: op.message }));
      return 'done';
    case 'agent-event':
      return String(await writer.addAgentEvent(nodeIdOf(op.node), sampleAgentEvent(op.sequence), T0_MS));
    case 'history':
      await writer.addHistory(sampleSegment(op.node, op.hour, op.hour + 1));
      return 'done';
    case 'history-gone':
      await writer.removeHistory({ nodeId: nodeIdOf(op.node), fromMs: op.hour });
      return 'done';
    case 'throw':
      throw new Error('as planned');
  }
}

const UNDONE = 'undone';

async function transactionOf(store: Store, operations: readonly Operation[]): Promise<readonly string[] | string> {
  try {
    return await store.transact(async (writer) => {
      const answers: string[] = [];
      for (const op of operations) answers.push(await perform(writer, op));
      return answers;
    });
  } catch {
    return UNDONE; // which of the refusals it was is for the other tests
  }
}

/** The model after the transaction, and what the transaction should have answered. */
function expected(
  model: Model,
  operations: readonly Operation[],
): { after: Model; answer: readonly string[] | string } {
  const after = model.copy();
  const answer: string[] = [];
  for (const op of operations) {
    const one = after.apply(op);
    if (one === undefined) return { after: model, answer: UNDONE };
    answer.push(one);
  }
  return { after, answer };
}

async function stateOf(store: Store): Promise<unknown> {
  const { reader } = store;
  const history = await Promise.all([1, 2, 3].map((node) => reader.history(nodeIdOf(node), 0, 100)));
  return {
    settings: await Promise.all(['a', 'b', 'c'].map((name) => reader.setting(name))),
    nodes: (await reader.nodes()).map(({ id, name }) => [id, name]),
    conditions: (await reader.conditions()).map(({ nodeId, message }) => [nodeId, message]),
    events: (await reader.eventsAfter(0, { limit: 1_000 })).map(({ message }) => message),
    history: history.flat().map(({ nodeId, fromMs }) => [nodeId, fromMs]),
  };
}

function stateOfModel(model: Model): unknown {
  const byNode = <T>(entries: Iterable<[number, T]>) =>
    [...entries].sort(([a], [b]) => a - b).map(([node, value]) => [nodeIdOf(node), value]);
  return {
    settings: ['a', 'b', 'c'].map((name) => model.settings.get(name)),
    nodes: byNode(model.nodes),
    conditions: byNode(model.conditions),
    events: model.events,
    history: [...model.history].sort().map((key) => {
      const [node, hour] = key.split(' ').map(Number);
      return [nodeIdOf(node ?? 0), hour];
    }),
  };
}

export function describeModel({ open, modelRuns }: StoreOpener): void {
  test('property: transactions asked for together, failing ones among them, leave what a model says', async () => {
    await fc.assert(
      fc.asyncProperty(groups, async (rounds) => {
        const store = await open();
        let model = new Model();
        try {
          for (const together of rounds) {
            const wanted = together.map((operations) => {
              const { after, answer } = expected(model, operations);
              model = after;
              return answer;
            });
            expect(await Promise.all(together.map((operations) => transactionOf(store, operations)))).toEqual(wanted);
            expect(await stateOf(store)).toEqual(stateOfModel(model));
          }
        } finally {
          await store.close();
        }
      }),
      { numRuns: modelRuns },
    );
  }, 60_000);
}
