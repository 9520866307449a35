import { BrambleError } from '../../proto/contract/errors.js';
import { parseSwitchPlan } from '../../proto/contract/switch/parse-plan.js';
import type { SwitchPlan } from '../../proto/contract/switch/plan.js';
import { type PowerOrder, switchPower } from '../power/cycle.js';
import { powerStatus } from '../power/status.js';
import { apply, confirm, rollBack, stage } from './change.js';
import type { ActuatorHost } from './host.js';
import { queryDrift } from './ifupdown.js';
import type { SwitchPolicy } from './policy.js';
import { readTrial } from './trial.js';

/** What the agent asks of the part that has root's rights: words of a closed set, never a path, a program or a text for a file. */
export type SwitchOrder =
  | { readonly kind: 'stage'; readonly plan: SwitchPlan }
  | {
      readonly kind: 'apply';
      readonly changeId: string;
      readonly plan: SwitchPlan;
      readonly confirmWithinMs: number;
    }
  | { readonly kind: 'confirm'; readonly changeId: string }
  | { readonly kind: 'roll-back'; readonly changeId: string }
  | { readonly kind: 'status' }
  | { readonly kind: 'power-status' }
  | ({ readonly kind: 'power' } & PowerOrder);

/** Shorter leaves nobody the time to look from outside; longer leaves a switch cut off for too long. */
export const CONFIRM_MS = { min: 20_000, max: 600_000 } as const;

const FIELDS = {
  stage: ['plan'],
  apply: ['changeId', 'plan', 'confirmWithinMs'],
  confirm: ['changeId'],
  'roll-back': ['changeId'],
  status: [],
  'power-status': [],
  power: ['port', 'action', 'offMs', 'bootLeaseId'],
} as const satisfies Record<SwitchOrder['kind'], readonly string[]>;

/** @throws BrambleError `invalid-argument` for anything but an order of ours, in its full form */
export function parseOrder(text: string): SwitchOrder {
  const { kind, ...fields } = parseObject(text);
  if (typeof kind !== 'string' || !isKind(kind)) throw refused(`unknown kind ${JSON.stringify(kind)?.slice(0, 40)}`);
  const names: readonly string[] = FIELDS[kind];
  const stranger = Object.keys(fields).find((name) => !names.includes(name));
  if (stranger !== undefined) throw refused(`unknown field ${JSON.stringify(stranger.slice(0, 40))}`);
  const plan = (): SwitchPlan => parseSwitchPlan(fields['plan']);
  const changeId = (): string => word(fields['changeId'], 'changeId', /^[\w-]{1,64}$/);
  switch (kind) {
    case 'stage':
      return { kind, plan: plan() };
    case 'apply': {
      const confirmWithinMs = whole(fields['confirmWithinMs'], 'confirmWithinMs', CONFIRM_MS.min, CONFIRM_MS.max);
      return { kind, changeId: changeId(), plan: plan(), confirmWithinMs };
    }
    case 'confirm':
    case 'roll-back':
      return { kind, changeId: changeId() };
    case 'status':
    case 'power-status':
      return { kind };
    case 'power':
      return {
        kind,
        port: word(fields['port'], 'port', /^[a-z][a-z0-9_-]{0,14}$/),
        action: action(fields['action']),
        offMs: whole(fields['offMs'], 'offMs', 0, 600_000),
        bootLeaseId: word(fields['bootLeaseId'], 'bootLeaseId', /^[\w-]{0,64}$/),
      };
  }
}

/** Answers in the words that the agent passes on: lines of a diff, a sentence, or JSON of the status. */
export async function carryOutOrder(
  host: ActuatorHost,
  order: SwitchOrder,
  policy: SwitchPolicy,
  signal: AbortSignal,
): Promise<string> {
  switch (order.kind) {
    case 'stage':
      return (await stage(host, order.plan, policy, signal)).join('\n');
    case 'apply':
      return (await apply(host, order, policy, signal)).join('\n');
    case 'confirm':
      await confirm(host, order.changeId);
      return 'the change stays';
    case 'roll-back':
      return rollBack(host, order.changeId, signal);
    case 'status':
      return JSON.stringify(await status(host, signal));
    case 'power-status':
      return JSON.stringify(await powerStatus(host, policy, signal));
    case 'power':
      return switchPower(host, order, policy, signal);
  }
}

/** What of the switch only root sees. */
export interface SwitchStatus {
  /** Empty when none is open. */
  readonly changeId: string;
  readonly phase: string;
  readonly why: string;
  /** Time that is left to confirm, ms; 0 when there is nothing to confirm. */
  readonly leftMs: number;
  /** The file that ifupdown2 reads. */
  readonly interfaces: string;
  /** Where the kernel differs from it. */
  readonly drift: readonly string[];
}

async function status(host: ActuatorHost, signal: AbortSignal): Promise<SwitchStatus> {
  const trial = await readTrial(host);
  const isWaiting = trial?.phase === 'on-trial' && trial.bootId === host.bootId;
  return {
    changeId: trial?.changeId ?? '',
    phase: trial?.phase ?? '',
    why: trial?.why ?? '',
    leftMs: isWaiting ? Math.max(0, trial.deadlineMs - host.clock.monotonicMs()) : 0,
    interfaces: (await host.files.readText(host.paths.interfaces)) ?? '',
    drift: (await queryDrift(host, signal)).slice(0, 20),
  };
}

function isKind(kind: string): kind is SwitchOrder['kind'] {
  return Object.hasOwn(FIELDS, kind);
}

function action(value: unknown): PowerOrder['action'] {
  if (value === 'on' || value === 'off' || value === 'cycle') return value;
  throw refused('action must be on, off or cycle');
}

function word(value: unknown, name: string, form: RegExp): string {
  if (typeof value === 'string' && form.test(value)) return value;
  throw refused(`${name} is not of its form`);
}

function whole(value: unknown, name: string, min: number, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  throw refused(`${name} must be a whole number from ${min} to ${max}`);
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Said below.
  }
  throw refused('not a JSON object');
}

function refused(why: string): BrambleError {
  return new BrambleError('invalid-argument', `order refused: ${why}`);
}
