import type { NodeConfig, UnitWish } from '../../proto/contract/node-config/config.js';
import {
  type DesiredStateReached,
  UnitWishState,
  type NodeConfig as WireConfig,
  DesiredStateOutcome as WireOutcome,
} from '../../proto/gen/bramble/agent/v1/desired.js';
import { type NodeConfigSettled, NodeConfigOutcome as WireSettled } from '../../proto/gen/bramble/agent/v1/event.js';
import type { AgentEventKind } from '../domain/event.js';
import type { DesiredStateTry } from '../usecases/agent-messages.js';

/** Node configs and what became of them, between the wire and our words. */

type Settled = Extract<AgentEventKind, { readonly kind: 'node-config-settled' }>;

const UNIT_WISH = {
  enabled: UnitWishState.ENABLED,
  disabled: UnitWishState.DISABLED,
} as const satisfies Record<UnitWish, UnitWishState>;

const OUTCOME = {
  reached: [WireOutcome.REACHED, WireOutcome.UNSPECIFIED], // agents that do not tell speak of what they reached
  'on-trial': [WireOutcome.ON_TRIAL],
  refused: [WireOutcome.REFUSED],
  undone: [WireOutcome.UNDONE],
  unknown: [],
} as const satisfies Record<DesiredStateTry['outcome'], readonly WireOutcome[]>;

const SETTLED = {
  applied: WireSettled.APPLIED,
  refused: WireSettled.REFUSED,
  undone: WireSettled.UNDONE,
  'drift-corrected': WireSettled.DRIFT_CORRECTED,
  unknown: WireSettled.UNSPECIFIED,
} as const satisfies Record<Settled['outcome'], WireSettled>;

const DETAIL_CHARACTERS_MAX = 1_024;
const CHANGES_MAX = 20;
const CHANGE_CHARACTERS_MAX = 200;

export function writeNodeConfig(config: NodeConfig): WireConfig {
  const { hostname, authorizedKeys, ntpServers, sysctls, units, bootSet } = config;
  return {
    hostname: hostname ?? '',
    authorizedKeys: authorizedKeys && {
      users: Object.entries(authorizedKeys).map(([user, keys]) => ({ user, keys: [...keys] })),
    },
    ntp: ntpServers && { servers: [...ntpServers] },
    sysctls: sysctls && { values: Object.entries(sysctls).map(([name, value]) => ({ name, value })) },
    units: units && { units: Object.entries(units).map(([name, wish]) => ({ name, state: UNIT_WISH[wish] })) },
    bootSet: bootSet && { json: JSON.stringify(bootSet) },
  };
}

export function readTry({ revision, triedRevision, outcome, detail }: DesiredStateReached): DesiredStateTry {
  return {
    triedRevision: triedRevision === 0 ? revision : triedRevision,
    outcome: wordOf(OUTCOME, (numbers) => (numbers as readonly WireOutcome[]).includes(outcome)), // a union of tuples
    detail: detail.slice(0, DETAIL_CHARACTERS_MAX),
  };
}

export function readSettled({ revision, outcome, changes, detail }: NodeConfigSettled): Settled {
  return {
    kind: 'node-config-settled',
    revision,
    outcome: wordOf(SETTLED, (number) => number === outcome),
    changes: changes.slice(0, CHANGES_MAX).map((change) => change.slice(0, CHANGE_CHARACTERS_MAX)),
    detail: detail.slice(0, DETAIL_CHARACTERS_MAX),
  };
}

function wordOf<Word extends string, Value>(
  table: Readonly<Record<Word, Value>>,
  isIt: (value: Value) => boolean,
): Word | 'unknown' {
  const found = Object.entries<Value>(table).find(([, value]) => isIt(value));
  return (found?.[0] as Word | undefined) ?? 'unknown'; // its own key
}
