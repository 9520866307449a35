import type {
  PortChangeCreate,
  PortChangeView,
  PortPreview,
  PortWish,
  SwitchPortsView,
} from '../../../proto/contract/api/switch.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { type NodeId, nodeId as parseNodeId } from '../../../proto/contract/ids.js';
import { diffLines, portEffects } from '../../../proto/contract/switch/change.js';
import { fileMark } from '../../../proto/contract/switch/file-mark.js';
import { parseSwitchPlan } from '../../../proto/contract/switch/parse-plan.js';
import type { SwitchPlan } from '../../../proto/contract/switch/plan.js';
import { preflight } from '../../../proto/contract/switch/preflight.js';
import { renderInterfaces } from '../../../proto/contract/switch/render-interfaces.js';
import { visible } from '../../../proto/contract/visible.js';
import { covers, scopeOf } from '../../domain/access/authorise.js';
import type { Permission } from '../../domain/access/permission.js';
import type { PortChange } from '../../domain/switch/port-change.js';
import { assertMay, type Caller } from '../access/caller.js';
import type { NodeEntry, NodeTable } from '../node-table.js';
import type { Store } from '../ports.js';
import type { PortChanges } from './port-changes.js';

const DIFF_LINES_MAX = 5_000;
const PLANS_SHOWN = 50;

export interface PortDeskDeps {
  readonly changes: PortChanges;
  readonly nodes: NodeTable;
  readonly store: Pick<Store, 'reader'>;
}

/** Ports of switches and changes of them, as far as each caller may see and change them. */
export class PortDesk {
  readonly #deps: PortDeskDeps;

  constructor(deps: PortDeskDeps) {
    this.#deps = deps;
  }

  /** What plans would change, without changing it. @throws BrambleError `not-found`, `invalid-argument` */
  async preview(wishes: readonly PortWish[], caller: Caller): Promise<PortPreview[]> {
    const previews: PortPreview[] = [];
    for (const { nodeId, plan } of wishes) {
      const { node } = this.#seen(parseNodeId(nodeId), 'commands.read', caller);
      const kept = await this.#deps.store.reader.switches.keptPlan(node.id);
      const previewed = previewOf(planOf(plan), kept && planOf(kept.plan));
      previews.push({ nodeId, name: visible(node.name, 63), revision: kept?.revision ?? 0, ...previewed });
    }
    return previews;
  }

  /** @throws BrambleError see PortChanges.begin(), `permission-denied` */
  async begin(create: PortChangeCreate, caller: Caller): Promise<PortChangeView> {
    const switches = create.switches.map(({ nodeId, plan }) => ({ nodeId: parseNodeId(nodeId), plan }));
    for (const { nodeId } of switches) this.#changeable(nodeId, caller);
    const { reason, confirmWithinMs, byHand: isByHand } = create;
    const wish = { switches, reason, confirmWithinMs, isByHand };
    return this.#view(await this.#deps.changes.begin(wish, caller.actor));
  }

  /** Newest first; of one switch when given. */
  async list(of: NodeId | undefined, limit: number, caller: Caller): Promise<PortChangeView[]> {
    if (of !== undefined) this.#seen(of, 'commands.read', caller);
    const all = await this.#deps.changes.list(limit);
    const wanted = all.filter(({ parts }) => of === undefined || parts.some(({ nodeId }) => nodeId === of));
    return wanted.filter((change) => this.#sees(change, caller)).map((change) => this.#view(change));
  }

  /** @throws BrambleError `not-found` */
  async get(id: string, caller: Caller): Promise<PortChangeView> {
    return this.#view(await this.#find(id, caller));
  }

  /** @throws BrambleError see PortChanges.approve(), `permission-denied` */
  async approve(id: string, caller: Caller): Promise<PortChangeView> {
    await this.#mayChange(id, caller);
    return this.#view(await this.#deps.changes.approve(id, caller.actor));
  }

  /** @throws BrambleError see PortChanges.takeBack(), `permission-denied` */
  async takeBack(id: string, reason: string, caller: Caller): Promise<PortChangeView> {
    await this.#mayChange(id, caller);
    return this.#view(await this.#deps.changes.takeBack(id, reason, caller.actor));
  }

  /** What the ports of a switch are for, and whether they are so. @throws BrambleError `not-found` */
  async ports(id: NodeId, caller: Caller): Promise<SwitchPortsView> {
    const { node, facts } = this.#seen(id, 'commands.read', caller);
    const plans = await this.#deps.store.reader.switches.keptPlans(id, PLANS_SHOWN);
    const [newest] = plans;
    const mark = facts.text('switch_file_text', '');
    const isAsPlanned = newest !== undefined && fileMark(renderInterfaces(planOf(newest.plan))) === mark;
    const drift = visible(facts.text('switch_drift_text', '') ?? '', 1_000);
    return {
      nodeId: id,
      name: visible(node.name, 63),
      file: newest === undefined || mark === undefined ? 'unknown' : isAsPlanned ? 'as-planned' : 'differs',
      kernelDrift: drift === '' ? [] : drift.split('; '),
      plans: plans.map(({ nodeId: _, ...plan }) => plan),
    };
  }

  #seen(id: NodeId, permission: Permission, caller: Caller): NodeEntry {
    assertMay(caller, permission);
    const entry = this.#deps.nodes.get(id);
    const isSeen = entry !== undefined && covers(scopeOf(caller.principal, permission), entry.node.site);
    if (!isSeen) throw new BrambleError('not-found', `node ${id} is not known`);
    if (entry.node.kind === 'switch') return entry;
    throw new BrambleError('failed-precondition', `${visible(entry.node.name, 63)} is no switch`);
  }

  #changeable(id: NodeId, caller: Caller): void {
    assertMay(caller, 'commands.issue', this.#seen(id, 'commands.read', caller).node.site);
  }

  #sees({ parts }: PortChange, caller: Caller): boolean {
    const scope = scopeOf(caller.principal, 'commands.read');
    return parts.every(({ site }) => covers(scope, site));
  }

  async #find(id: string, caller: Caller): Promise<PortChange> {
    assertMay(caller, 'commands.read');
    const change = await this.#deps.changes.find(id);
    if (change !== undefined && this.#sees(change, caller)) return change;
    throw new BrambleError('not-found', `there is no change ${id} of ports`);
  }

  async #mayChange(id: string, caller: Caller): Promise<void> {
    for (const { site } of (await this.#find(id, caller)).parts) assertMay(caller, 'commands.issue', site);
  }

  #view(change: PortChange): PortChangeView {
    const { isByHand: byHand, isApproved: approved, parts, expected: _, ...rest } = change;
    return {
      ...rest,
      byHand,
      approved,
      switches: parts.map(({ nodeId, plan, applied, settled }) => ({
        nodeId,
        plan,
        name: visible(this.#deps.nodes.get(nodeId)?.node.name ?? nodeId, 63),
        ...(applied === undefined ? {} : { applyCommand: applied }),
        ...(settled === undefined ? {} : { settleCommand: settled }),
      })),
    };
  }
}

function previewOf(wanted: SwitchPlan, current: SwitchPlan | undefined) {
  const before = current === undefined ? '' : renderInterfaces(current);
  return {
    findings: preflight(wanted, current).map((finding) => ({ ...finding })),
    effects: current === undefined ? [] : portEffects(current, wanted).map((effect) => ({ ...effect })),
    diff: diffLines(before, renderInterfaces(wanted)).slice(0, DIFF_LINES_MAX),
  };
}

/** @throws BrambleError `invalid-argument` */
function planOf(text: string): SwitchPlan {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new BrambleError('invalid-argument', 'the plan is no JSON', { cause });
  }
  return parseSwitchPlan(value);
}
