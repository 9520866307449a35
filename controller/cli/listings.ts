import type {
  CommandView,
  EnrollmentView,
  EventView,
  NodeState,
  NodeView,
  SiteView,
  TokenView,
} from '../../proto/contract/api/fleet.js';
import type { NodeConfigView } from '../../proto/contract/api/node-config.js';
import { diffNodeConfigs } from '../../proto/contract/node-config/diff.js';
import { renderBytes, renderDuration } from '../../proto/contract/words.js';
import { spelledOut } from './lookalike.js';
import type { Listing, Tone } from './output.js';

/** How each kind of thing is listed. Ages are words; state is a word, colour only repeats it. */

const TONE_BY_STATE = {
  ready: 'good',
  troubled: 'bad',
  'no-contact': 'bad',
  unknown: 'dim',
  maintenance: 'dim',
  frozen: 'bad',
  revoked: 'dim',
} as const satisfies Record<NodeState, Tone>;

export function ago(atMs: number | undefined, nowMs: number): string {
  return atMs === undefined ? 'never' : `${renderDuration(Math.max(0, nowMs - atMs))} ago`;
}

function time(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}

export function nodeListing(nowMs: number): Listing<NodeView> {
  return {
    columns: [
      { title: 'NAME', text: (node) => spelledOut(node.name) },
      { title: 'STATE', text: (node) => node.state, tone: (node) => TONE_BY_STATE[node.state] },
      { title: 'SITE', text: (node) => node.site },
      { title: 'KIND', text: (node) => node.kind },
      { title: 'SEEN', text: (node) => ago(node.lastSeenMs, nowMs) },
      { title: 'ID', text: (node) => node.id, wide: true },
      { title: 'MODEL', text: (node) => node.model, wide: true },
      { title: 'SERIAL', text: (node) => node.serial, wide: true },
      { title: 'MAC', text: (node) => node.macAddresses[0] ?? '', wide: true },
      { title: 'AGENT', text: (node) => node.agentVersion, wide: true },
      { title: 'LABELS', text: (node) => labelsText(node.labels), wide: true },
      { title: 'WHY', text: (node) => node.why },
    ],
    name: (node) => `node/${node.name}`,
    empty: 'No nodes yet. `bramble token create --site SITE --kind pi` lets the first one join.',
  };
}

export function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => (value === '' ? key : `${key}=${value}`))
    .join(',');
}

export const SITE_LISTING: Listing<SiteView> = {
  columns: [
    { title: 'NAME', text: (site) => site.name },
    { title: 'NODES', text: ({ nodesByState }) => String(inService(nodesByState)) },
    { title: 'READY', text: ({ nodesByState }) => String(nodesByState.ready) },
    {
      title: 'TROUBLE',
      text: ({ nodesByState }) => String(troubled(nodesByState)),
      tone: ({ nodesByState }) => (troubled(nodesByState) === 0 ? 'plain' : 'bad'),
    },
    { title: 'MAINTENANCE', text: ({ maintenance }) => maintenance?.owner ?? '' },
    { title: 'UPLINK', text: ({ uplink }) => uplinkText(uplink), wide: true },
    { title: 'LOCATION', text: (site) => site.location, wide: true },
    { title: 'LABEL', text: (site) => site.label },
  ],
  name: (site) => `site/${site.name}`,
  empty: 'No sites yet. `bramble site create NAME` makes one.',
};

function inService(states: SiteView['nodesByState']): number {
  const all = Object.values(states).reduce((sum, count) => sum + count, 0);
  return all - states.revoked;
}

function troubled(states: SiteView['nodesByState']): number {
  return states.troubled + states['no-contact'] + states.frozen;
}

/** "50 Mbit/s down, 10 Mbit/s up, 1000 GB a month". */
export function uplinkText(uplink: SiteView['uplink']): string {
  if (uplink === undefined) return '';
  const megabits = (bits: number): string => `${Number((bits / 1e6).toPrecision(3))} Mbit/s`;
  const monthly = uplink.monthlyBytes === undefined ? '' : `, ${Math.round(uplink.monthlyBytes / 1e9)} GB a month`;
  return `${megabits(uplink.downBitsPerS)} down, ${megabits(uplink.upBitsPerS)} up${monthly}`;
}

export function tokenListing(nowMs: number): Listing<TokenView> {
  const state = (token: TokenView): string => {
    if (token.revoked) return 'revoked';
    if (token.usesLeft === 0) return 'used up';
    return token.expiresAtMs <= nowMs ? 'expired' : 'usable';
  };
  return {
    columns: [
      { title: 'KEY', text: (token) => token.keyId },
      { title: 'STATE', text: state, tone: (token) => (state(token) === 'usable' ? 'good' : 'dim') },
      { title: 'SITE', text: (token) => token.site },
      { title: 'KIND', text: (token) => token.kind },
      { title: 'USES LEFT', text: (token) => `${token.usesLeft} of ${token.uses}` },
      { title: 'EXPIRES', text: (token) => time(token.expiresAtMs) },
      { title: 'APPROVES', text: (token) => (token.preApproved ? 'by itself' : 'a person') },
      { title: 'SERIAL', text: (token) => token.expectSerial ?? 'any', wide: true },
      { title: 'MADE BY', text: (token) => token.createdBy, wide: true },
    ],
    name: (token) => `token/${token.keyId}`,
    empty: 'No tokens. `bramble token create --site SITE --kind pi` makes one.',
  };
}

export function enrollmentListing(nowMs: number): Listing<EnrollmentView> {
  return {
    columns: [
      { title: 'FINGERPRINT', text: (request) => request.fingerprint.slice(0, 12) },
      { title: 'STATE', text: (request) => request.state },
      { title: 'HOSTNAME', text: (request) => spelledOut(request.hostname) },
      { title: 'SITE', text: (request) => request.site },
      { title: 'KIND', text: (request) => request.kind },
      { title: 'ASKED', text: (request) => ago(request.lastAskedAtMs, nowMs) },
      { title: 'WORDS', text: (request) => request.words },
      { title: 'MODEL', text: (request) => request.model, wide: true },
      { title: 'SERIAL', text: (request) => request.serial, wide: true },
      { title: 'NODE', text: (request) => request.nodeId ?? '', wide: true },
      { title: 'WHY', text: (request) => request.why },
    ],
    name: (request) => `enrolment/${request.fingerprint}`,
    empty: 'Nobody is waiting for approval.',
  };
}

const TONE_BY_SEVERITY = { info: 'plain', warning: 'bad', error: 'bad' } as const;

export const EVENT_LISTING: Listing<EventView> = {
  columns: [
    { title: 'TIME', text: (event) => time(event.atMs), tone: () => 'dim' },
    { title: 'SEVERITY', text: (event) => event.severity, tone: (event) => TONE_BY_SEVERITY[event.severity] },
    { title: 'NODE', text: (event) => event.nodeName ?? event.nodeId ?? '' },
    { title: 'REASON', text: (event) => event.reason },
    { title: 'ID', text: (event) => String(event.id), wide: true },
    { title: 'MESSAGE', text: (event) => event.message },
  ],
  name: (event) => `event/${event.id}`,
  empty: 'No events yet.',
};

export function actionText(action: CommandView['action']): string {
  switch (action.kind) {
    case 'restart-unit':
      return `restart ${action.unit}`;
    case 'remount':
      return `remount ${action.mountPoint} ${action.access}`;
    case 'identify':
      return `identify for ${action.forMs / 1_000} s`;
    case 'stay-away':
      return `stay away for ${action.forMs / 1_000} s`;
    case 'reboot':
      return (action.despiteArrays ?? []).length === 0
        ? 'reboot'
        : `reboot despite ${action.despiteArrays?.join(', ')}`;
    case 'raid-replace':
      return `raid replace ${action.array} ${action.oldMember || '-'} ${action.newMember}`;
    case 'switch-apply':
      return 'switch apply';
    case 'switch-confirm':
      return `switch confirm ${action.changeId}`;
    case 'switch-roll-back':
      return `switch rollback ${action.changeId}`;
    case 'switch-power':
      return `power ${action.action} ${action.port}`;
    case 'raid-scrub':
      return `raid scrub ${action.array} ${action.action}`;
    case 'root-prepare':
      return `root prepare ${action.serial} ${action.image.slice(0, 12)}`;
    case 'root-activate':
      return `root activate ${action.serial} ${action.generation}`;
    case 'root-roll-back':
      return `root rollback ${action.serial} from ${action.generation}`;
    case 'cancel-command':
      return `cancel ${action.commandId}`;
    case 'root-remove':
      return `root remove ${action.serial}${action.keepData ? ', data kept' : ''}`;
    case 'boot-path-repair':
      return `repair the boot path of ${action.serial}`;
    case 'root-mailbox':
      return `${action.verb} of ${action.serial}, by its root`;
    case 'pull-image':
      return `pull image ${action.image.slice(0, 12)}`;
    case 'remove-image':
      return `remove image ${action.image.slice(0, 12)}`;
    case 'step-clock':
    case 'diagnose':
      return action.kind;
  }
}

/** Such as "42 %, 400 MiB of 950 MiB"; empty when it tells nothing of that. */
export function progressText(progress: CommandView['progress']): string {
  if (progress === undefined) return '';
  const { percent, doneBytes, totalBytes } = progress;
  const bytes = totalBytes === 0 ? '' : `, ${renderBytes(doneBytes)} of ${renderBytes(totalBytes)}`;
  return `${percent} %${bytes}`;
}

/** Why it was rejected, and what was found. */
export function outcomeText({ rejection, detail, progress, state }: CommandView): string {
  return [rejection, detail, state === 'started' ? progressText(progress) : '']
    .filter((text) => text !== undefined && text !== '')
    .join(': ');
}

export function commandListing(nowMs: number): Listing<CommandView> {
  return {
    columns: [
      { title: 'ID', text: (command) => command.id },
      { title: 'ACTION', text: (command) => actionText(command.action) },
      { title: 'STATE', text: (command) => command.state },
      { title: 'CHANGED', text: (command) => ago(command.updatedAtMs, nowMs) },
      { title: 'BY', text: (command) => command.actor },
      { title: 'REASON', text: (command) => command.reason, wide: true },
      { title: 'DETAIL', text: outcomeText },
    ],
    name: (command) => `command/${command.id}`,
    empty: 'No commands.',
  };
}

/** `all`: every revision that is known, to tell each from the one before it. */
export function configListing(all: readonly NodeConfigView[]): Listing<NodeConfigView> {
  const before = ({ previousRevision }: NodeConfigView) => all.find(({ revision }) => revision === previousRevision);
  return {
    columns: [
      { title: 'REVISION', text: ({ revision }) => String(revision) },
      { title: 'AT', text: ({ atMs }) => time(atMs) },
      { title: 'BY', text: ({ actor }) => actor },
      { title: 'REASON', text: ({ reason }) => reason },
      { title: 'CHANGES', text: (view) => diffNodeConfigs(before(view)?.config ?? {}, view.config).join('; ') },
    ],
    name: ({ revision }) => `revision/${revision}`,
    empty: 'Nothing was ever configured.',
  };
}
