/** What a fileserver tells, in the words of a person: the same for a terminal and for the page. */

import { judgeBoot } from '../boot/judge.js';
import { type BootRecord, boardKey, stageSteps } from '../boot/record.js';
import { parseBootRecord } from '../boot/record-text.js';
import { BOOT_LIMITS, type BootStage } from '../boot/stage.js';
import { TROUBLE_WORDS } from '../boot/words.js';
import { renderBytes, renderCount, renderDuration } from '../words.js';
import { nfsClients, nfsClientText } from './clients.js';
import { clientsText, fullText, inodesText, nfsExports, roomText } from './exports.js';
import { FactIndex, type ReportedFact } from './fact-index.js';
import { membersText, type RaidArrayView, raidArrays } from './raid.js';

export interface FileserverGroup {
  readonly title: string;
  readonly rows: readonly (readonly [label: string, value: string])[];
}

/** Stages in a line that names many of them. */
const SHORT: Readonly<Record<BootStage, string>> = {
  'power-on': 'power',
  'dhcp-seen': 'address',
  'bootcode-served': 'bootcode.bin',
  'serial-dir-hit': 'own directory',
  'cmdline-served': 'command line',
  'kernel-served': 'kernel',
  'nfs-mounted': 'root',
  'agent-hello': 'agent',
  verified: 'verified',
};

/** @param bootedAtMs of the fileserver; `undefined` = not known, and then no boot can be dated. */
export function fileserverGroups(
  views: readonly ReportedFact[],
  { nowMs, bootedAtMs }: { readonly nowMs: number; readonly bootedAtMs: number | undefined },
): readonly FileserverGroup[] {
  const facts = new FactIndex(views);
  return [
    { title: 'RAID arrays', rows: raidArrays(views).map((array) => [array.array, arrayText(array)] as const) },
    {
      title: 'Disks',
      rows: facts.instances('smart_health_state').map((disk) => [disk, diskText(facts, disk)] as const),
    },
    {
      title: 'Exports',
      rows: nfsExports(views).map((each) => {
        const said = [roomText(each), inodesText(each), fullText(each), clientsText(each)];
        return [each.path, said.filter((part) => part !== '').join(', ')] as const;
      }),
    },
    {
      title: 'NFS clients',
      rows: nfsClients(views).map((client) => [client.address, nfsClientText(client, nowMs)] as const),
    },
    { title: 'Boots', rows: bootedAtMs === undefined ? [] : bootRows(facts, nowMs - bootedAtMs) },
    {
      title: 'Switch',
      rows: facts.instances('lldp_neighbour_text').map((name) => [name, neighbourText(facts, name, nowMs)] as const),
    },
  ].filter(({ rows }) => rows.length > 0);
}

function arrayText(array: RaidArrayView): string {
  const { level, state, sync, sizeBytes, members, interlock } = array;
  const said = [
    level,
    state,
    `${membersText(array)} members`,
    sync,
    ...(sizeBytes === undefined ? [] : [renderBytes(sizeBytes)]),
  ];
  const names = members.map(({ name, state: word }) => `${name} ${word}`).join(', ');
  return `${said.join(', ')}${names === '' ? '' : ` (${names})`}${interlock === '' ? '' : `; reboot refused: ${interlock}`}`;
}

function diskText(facts: FactIndex, disk: string): string {
  const poweredOnS = facts.number('smart_powered_on_s', disk);
  const temperature = facts.number('smart_temperature_millidegrees', disk);
  const replaced = facts.number('smart_reallocated_count', disk) ?? 0;
  const pending = facts.number('smart_pending_count', disk) ?? 0;
  return [
    facts.text('smart_model_text', disk) || 'unknown model',
    facts.number('smart_health_state', disk) === 1 ? 'passes its own test' : 'fails its own test',
    ...(temperature === undefined ? [] : [`${Math.round(temperature / 1_000)} °C`]),
    ...(poweredOnS === undefined ? [] : [`powered on for ${renderDuration(poweredOnS * 1_000)}`]),
    ...(replaced === 0 ? [] : [`${renderCount(replaced, 'sector')} replaced`]),
    ...(pending === 0 ? [] : [`${renderCount(pending, 'sector')} unreadable`]),
  ].join(', ');
}

/** Newest first. */
function bootRows(facts: FactIndex, uptimeMs: number): readonly (readonly [string, string])[] {
  return facts
    .instances('board_boot_text')
    .flatMap((instance) => parseBootRecord(facts.text('board_boot_text', instance)) ?? [])
    .toSorted((a, b) => b.startedMs - a.startedMs)
    .map((record) => [bootLabel(record), bootText(record, uptimeMs)] as const);
}

const bootLabel = (record: BootRecord): string =>
  [boardKey(record), record.interfaceName].filter((part) => part !== '').join(' on ');

function bootText(record: BootRecord, uptimeMs: number): string {
  const steps = stageSteps(record).map(({ stage, atMs }) => {
    const sinceMs = atMs - record.startedMs;
    return sinceMs <= 0 ? `${SHORT[stage]} at once` : `${SHORT[stage]} after ${renderDuration(sinceMs)}`;
  });
  const { trouble } = judgeBoot(record, uptimeMs, { ...BOOT_LIMITS, helloMs: Number.MAX_SAFE_INTEGER });
  const hangs = trouble === undefined ? [] : [`hangs: ${TROUBLE_WORDS[trouble].what}`];
  const began = `began ${renderDuration(Math.max(0, uptimeMs - record.startedMs))} ago`;
  return [began, ...steps, ...hangs].join(', ');
}

function neighbourText(facts: FactIndex, interfaceName: string, nowMs: number): string {
  const seenS = facts.number('lldp_seen_unix_s', interfaceName);
  const ago = seenS === undefined ? '' : `, announced ${renderDuration(Math.max(0, nowMs - seenS * 1_000))} ago`;
  return `port ${facts.text('lldp_neighbour_text', interfaceName)}${ago}`;
}
