import { BrambleError } from '../../../proto/contract/errors.js';
import type { BootSet } from '../../../proto/contract/netboot/boot-set.js';
import { parseSwitchPlan, renderSwitchPlan } from '../../../proto/contract/switch/parse-plan.js';
import type { SwitchPlan } from '../../../proto/contract/switch/plan.js';
import type { Actor } from '../../domain/access/actor.js';
import type { CommandAction } from '../../domain/command.js';
import type { Order } from '../../domain/provisioning/advance.js';
import {
  newBoard,
  type PortsBefore,
  portOf,
  portsBefore,
  withBoardMoved,
  withMode,
  withoutBoard,
  withPort,
  withPortsBack,
} from '../../domain/provisioning/boot-edit.js';
import { type Deed, deedOf, stepOf } from '../../domain/provisioning/orders.js';
import { boardSerialOf, nodeNamed } from '../../domain/provisioning/places.js';
import { withPiPort, withPortMoved, withUnusedPort } from '../../domain/provisioning/port-edit.js';
import { PROVISIONING, type Saga } from '../../domain/provisioning/saga.js';
import { STEPS } from '../../domain/provisioning/steps.js';
import { addressReport } from '../../domain/topology/addresses.js';
import type { Commands } from '../commands.js';
import type { NodeConfigs } from '../node-configs.js';
import type { NodeEntry, NodeTable } from '../node-table.js';
import type { StoreWriter, World } from '../ports.js';
import { agentsFor } from './agents.js';
import type { Begun } from './begun.js';
import { keptPlan } from './kept-plan.js';
import { type PlaceDeps, places } from './place-deeds.js';

/** As long as a switch waits to be seen again, ms. */
const CONFIRM_WITHIN_MS = 120_000;

export interface DeedDeps extends PlaceDeps {
  readonly world: Pick<World, 'clock'>;
  readonly nodes: NodeTable;
  readonly commands: Pick<Commands, 'issueIn'>;
  readonly configs: Pick<NodeConfigs, 'setIn'>;
}

const atOnce = (detail: string, more: Partial<Begun> = {}): Begun => ({
  token: '',
  before: '',
  outcome: { kind: 'done', detail },
  ...more,
});

/** Carries out what a step is made of; writes only through the writer. @throws BrambleError when it cannot be begun */
export class Deeds {
  readonly #deps: DeedDeps;

  constructor(deps: DeedDeps) {
    this.#deps = deps;
  }

  async begin(writer: StoreWriter, saga: Saga, order: Order): Promise<Begun> {
    const deed = deedOf(saga, order);
    const before = saga.steps[order.at]?.before ?? '';
    switch (deed.kind) {
      case 'nothing':
        return atOnce(deed.detail);
      case 'impossible':
        throw new BrambleError('failed-precondition', deed.detail);
      case 'look':
      case 'drain':
        return { token: '', before: '', outcome: undefined };
      case 'topology':
        return await places(this.#deps, writer, { saga, edit: deed.edit, before, actor: actorOf(saga) });
      case 'boot-set':
        return await this.#bootSet(writer, { saga, order, edit: deed.edit, before });
      case 'ports':
        return await this.#ports(writer, { saga, order, edit: deed.edit, before });
      case 'command':
        return await this.#command(writer, { saga, order, deed });
    }
  }

  /** What must be another one when it is back; never empty, so that it is remembered. */
  #bootOf({ target }: Saga): string {
    return this.#deps.entryOf(target.node)?.bootId || 'none';
  }

  async #command(
    writer: StoreWriter,
    asked: { readonly saga: Saga; readonly order: Order; readonly deed: Extract<Deed, { kind: 'command' }> },
  ): Promise<Begun> {
    const { saga, order, deed } = asked;
    const entry = this.#agent(saga, deed.agent);
    const isPowerOn = saga.steps[order.at]?.name === 'power-on' && order.way === 'do';
    const before = isPowerOn ? this.#bootOf(saga) : deed.before;
    const { action, validForMs } = deed;
    return { ...(await this.#issue(writer, { saga, order, entry, action, validForMs })), before };
  }

  async #issue(
    writer: StoreWriter,
    asked: {
      readonly saga: Saga;
      readonly order: Order;
      readonly entry: NodeEntry;
      readonly action: CommandAction;
      readonly validForMs: number;
    },
  ): Promise<Begun> {
    const { saga, order, entry, action, validForMs } = asked;
    const reason = reasonOf(saga, order);
    const create = { action, reason, validForMs };
    const prepared = await this.#deps.commands.issueIn(writer, entry.node.id, create, actorOf(saga));
    return { ...prepared, token: prepared.record.id, before: '', outcome: undefined };
  }

  async #bootSet(
    writer: StoreWriter,
    asked: {
      readonly saga: Saga;
      readonly order: Order;
      readonly edit: Extract<Deed, { kind: 'boot-set' }>['edit'];
      readonly before: string;
    },
  ): Promise<Begun> {
    const { saga, order, edit, before } = asked;
    const entry = this.#agent(saga, 'fileserver');
    const [newest] = await writer.nodeConfigs(entry.node.id, { limit: 1 });
    const set = newest?.config.bootSet;
    if (newest === undefined || set === undefined) {
      throw new BrambleError('failed-precondition', `${entry.node.name} has no boot ports`, {
        hint: 'give it a bootSet with its trunk: bramble node config set',
      });
    }
    const after = await this.#edited(writer, saga, { set, edit, before });
    if (JSON.stringify(after) === JSON.stringify(set)) {
      // It is wanted already: whether it is so the fileserver says.
      return { token: String(newest.revision), before: '', outcome: undefined };
    }
    const config = { ...newest.config, bootSet: after };
    const wish = { config, expectedRevision: newest.revision, reason: reasonOf(saga, order) };
    const prepared = await this.#deps.configs.setIn(writer, entry, { wish, actor: actorOf(saga) });
    const was = edit === 'back' ? '' : JSON.stringify(portsBefore(set, after));
    return { ...prepared, token: String(prepared.record.revision), before: was, outcome: undefined };
  }

  async #edited(
    writer: StoreWriter,
    { target, wish }: Saga,
    asked: {
      readonly set: BootSet;
      readonly edit: Extract<Deed, { kind: 'boot-set' }>['edit'];
      readonly before: string;
    },
  ): Promise<BootSet> {
    const { set, edit, before } = asked;
    const { boardSerial: serial, spare, node } = target;
    switch (edit) {
      case 'know':
        return await withNewBoard(writer, set, { serial, node, authorizedKeys: wish.authorizedKeys });
      case 'forget':
        return withoutBoard(set, serial);
      case 'rescue':
      case 'root':
        return withMode(set, serial, edit);
      case 'move':
        return withBoardMoved(set, serial, spare?.serial ?? serial);
      case 'back':
        return before === '' ? set : withPortsBack(set, JSON.parse(before) as PortsBefore); // as portsBefore() wrote it
    }
  }

  async #ports(
    writer: StoreWriter,
    asked: {
      readonly saga: Saga;
      readonly order: Order;
      readonly edit: Extract<Deed, { kind: 'ports' }>['edit'];
      readonly before: string;
    },
  ): Promise<Begun> {
    const { saga, order, edit } = asked;
    const entry = this.#agent(saga, 'switch');
    const current = await keptPlan(writer, entry.node.id);
    const left = `ports of ${entry.node.name} are left as they are: no plan of it was kept here`;
    if (current === undefined && edit !== 'move') return atOnce(left);
    if (current === undefined) throw new BrambleError('failed-precondition', left, { hint: 'bramble switch apply' });
    const plan = edit === 'back' ? planBefore(saga) : await this.#editedPlan(writer, saga, { current, edit });
    const [was, is] = [current, plan].map((each) => (each === undefined ? '' : renderSwitchPlan(each)));
    if (plan === undefined || is === undefined || (was === is && edit !== 'back')) return atOnce('nothing to change');
    const action = { kind: 'switch-apply', plan: is, confirmWithinMs: CONFIRM_WITHIN_MS } as const;
    const issued = await this.#issue(writer, { saga, order, entry, action, validForMs: 60_000 });
    return { ...issued, before: edit === 'back' ? '' : (was ?? '') };
  }

  async #editedPlan(
    writer: StoreWriter,
    { target }: Saga,
    { current, edit }: { readonly current: SwitchPlan; readonly edit: 'open' | 'close' | 'move' },
  ): Promise<SwitchPlan> {
    const { interfaceName, spare, node } = target;
    if (edit === 'close') return withUnusedPort(current, interfaceName);
    if (edit === 'open') {
      const vlan = (await addressesOf(writer, node)).vlan;
      if (vlan === undefined) throw new BrambleError('failed-precondition', `no pool gives ${node} a VLAN`);
      return withPiPort(current, interfaceName, vlan, node);
    }
    const moved = withPortMoved(current, interfaceName, spare?.interfaceName ?? '');
    if (moved !== undefined) return moved;
    throw new BrambleError('failed-precondition', `port ${interfaceName} is no board's by the plan that was kept`);
  }

  #agent({ target }: Saga, which: 'fileserver' | 'switch'): NodeEntry {
    const entry = agentsFor(this.#deps.nodes, target)[which];
    if (entry !== undefined) return entry;
    const name = which === 'fileserver' ? target.fileserver : target.plug.switch;
    throw new BrambleError('failed-precondition', `no ${which} called ${name} is enrolled`);
  }
}

function planBefore(saga: Saga): SwitchPlan | undefined {
  const text = stepOf(saga, 'try-ports')?.before ?? '';
  return text === '' ? undefined : parseSwitchPlan(JSON.parse(text));
}

async function addressesOf(writer: StoreWriter, node: string) {
  const topology = await writer.healing.topology();
  const book = await writer.healing.allocations();
  const report = topology === undefined ? undefined : addressReport(topology, book, 0);
  const found = report?.nodes.find((each) => each.node === node);
  return { ...found, record: topology === undefined ? undefined : nodeNamed(topology, node) };
}

/** What is known of the board already stays as somebody wrote it. */
async function withNewBoard(
  writer: StoreWriter,
  set: BootSet,
  of: { readonly serial: string; readonly node: string; readonly authorizedKeys: readonly string[] },
): Promise<BootSet> {
  if (portOf(set, of.serial) !== undefined) return set;
  const { vlan, storage, record } = await addressesOf(writer, of.node);
  if (vlan === undefined || storage === undefined || record === undefined) {
    throw new BrambleError('failed-precondition', `no pool gives ${of.node} a VLAN and storage addresses`, {
      hint: 'add pools of kind vlan and storage to the topology: bramble topology set',
    });
  }
  const serial = boardSerialOf(record.board.serial);
  const board = newBoard({ ...of, serial, hostname: of.node, model: record.board.model });
  if (board !== undefined) return withPort(set, { vlan, server: storage.fileserver, board });
  throw new BrambleError('failed-precondition', `a board of model ${record.board.model} does not boot over a cable`);
}

function reasonOf({ kind, target, id, steps }: Saga, { at, way }: Order): string {
  const title = STEPS[steps[at]?.name ?? 'verify'].title;
  return `${PROVISIONING}${id}: ${kind} of ${target.node}: ${way === 'undo' ? 'undo: ' : ''}${title}`;
}

export function actorOf({ actor }: Pick<Saga, 'actor'>): Actor {
  return { name: actor, role: 'provisioning', source: 'controller', requestId: '' };
}
