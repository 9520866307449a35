/** What people set on a node: labels, and corrections to what is known of its hardware. */

import { BrambleError } from '../../proto/contract/errors.js';
import type { NodeId } from '../../proto/contract/ids.js';
import { isLabelKey, isLabelValue, LABELS_MAX, type Labels } from '../../proto/contract/labels.js';
import type { FactsView } from './condition-rule.js';

/** Closed sets: which buttons exist for a node depends on them. `unknown` is never a value that is set. */
export const CAPABILITY_VALUES = {
  /** How it can boot from the network. */
  netboot: ['none', 'bootcode-on-card', 'rom', 'eeprom'],
  ethernet: ['yes', 'no'],
  /** Its power can be cycled from the switch. */
  poe: ['yes', 'no'],
  watchdog: ['yes', 'no'],
  rtc: ['yes', 'no'],
} as const satisfies Record<string, readonly string[]>;

export type CapabilityName = keyof typeof CAPABILITY_VALUES;
export type Capabilities = { readonly [Name in CapabilityName]: (typeof CAPABILITY_VALUES)[Name][number] | 'unknown' };
export type CapabilityOverrides = { readonly [Name in CapabilityName]?: (typeof CAPABILITY_VALUES)[Name][number] };

export interface NodeSettings {
  readonly nodeId: NodeId;
  readonly labels: Labels;
  /** What a person knows better than the facts: a PoE hat that nothing reports, say. */
  readonly capabilities: CapabilityOverrides;
  /** Counts changes by people, the name's included; 1 = never changed. */
  readonly revision: number;
}

export function noSettings(nodeId: NodeId): NodeSettings {
  return { nodeId, labels: {}, capabilities: {}, revision: 1 };
}

/** A change as people ask for it: what is not named stays, `null` removes. */
export interface SettingsChange {
  readonly labels?: Readonly<Record<string, string | null>> | undefined;
  readonly capabilities?:
    | { readonly [Name in CapabilityName]?: CapabilityOverrides[Name] | null | undefined }
    | undefined;
}

/** @throws BrambleError `invalid-argument` with the field */
export function changeSettings(before: NodeSettings, { labels, capabilities }: SettingsChange): NodeSettings {
  const nextLabels = merged(before.labels, labels ?? {});
  for (const [key, value] of Object.entries(labels ?? {})) assertLabel(key, value);
  if (Object.keys(nextLabels).length > LABELS_MAX) {
    throw fieldError('labels', `a node has at most ${LABELS_MAX} labels`);
  }
  return {
    ...before,
    labels: nextLabels,
    capabilities: merged(before.capabilities, capabilities ?? {}),
    revision: before.revision + 1,
  };
}

function assertLabel(key: string, value: string | null): void {
  const field = `labels.${key.slice(0, 80)}`;
  if (!isLabelKey(key)) {
    throw fieldError(
      field,
      'not a label key: at most 63 letters, digits, dashes, dots and underscores after a DNS prefix',
    );
  }
  if (value !== null && !isLabelValue(value)) {
    throw fieldError(field, 'not a label value: at most 63 letters, digits, dashes, dots and underscores');
  }
}

function fieldError(field: string, problem: string): BrambleError {
  return new BrambleError('invalid-argument', `${field}: ${problem}`, { details: { fields: [{ field, problem }] } });
}

/** Keys in order, so that equal settings are equal text. */
function merged<T extends object>(before: T, change: { readonly [key: string]: unknown }): T {
  const entries = Object.entries({ ...before, ...change }).filter(([, value]) => value !== null && value !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries) as T; // the same kind of values as before, without those that were removed
}

/** A person's word first, then the facts. */
export function capabilitiesOf(facts: Pick<FactsView, 'number'>, overrides: CapabilityOverrides): Capabilities {
  return {
    netboot: overrides.netboot ?? NETBOOT_BY_STATE.get(facts.number('board_netboot_state', '') ?? 0) ?? 'unknown',
    ethernet: overrides.ethernet ?? yesOrNo(facts.number('board_ethernet_flag', '')),
    poe: overrides.poe ?? yesOrNo(facts.number('board_poe_flag', '')),
    watchdog: overrides.watchdog ?? yesOrNo(facts.number('board_watchdog_flag', '')),
    rtc: overrides.rtc ?? yesOrNo(facts.number('clock_rtc_present_flag', '')),
  };
}

/** As agents encode board_netboot_state. */
const NETBOOT_BY_STATE: ReadonlyMap<number, Capabilities['netboot']> = new Map([
  [1, 'none'],
  [2, 'bootcode-on-card'],
  [3, 'rom'],
  [4, 'eeprom'],
]);

function yesOrNo(flag: number | undefined): 'yes' | 'no' | 'unknown' {
  if (flag === undefined) return 'unknown';
  return flag === 0 ? 'no' : 'yes';
}
