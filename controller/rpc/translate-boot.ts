import { type BootRecord, STARTS_MAX } from '../../proto/contract/boot/record.js';
import { BOOT_STAGES, BOOT_TROUBLES, type BootStage, type BootTrouble } from '../../proto/contract/boot/stage.js';
import {
  type BoardBoot,
  type NetconsoleLines,
  BootStage as WireStage,
  BootTrouble as WireTrouble,
} from '../../proto/gen/bramble/agent/v1/event.js';
import type { AgentEventKind } from '../domain/event.js';

/** What fileservers tell of boards, from the wire to our words. Every text is a board's own and is only let in by its form. */

const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;
const DIRECTORY = /^[0-9a-f]{8}([0-9a-f]{8})?$|^[0-9a-f]{2}(-[0-9a-f]{2}){5}$/;
const ADDRESS = /^\d{1,3}(\.\d{1,3}){3}$/;
const INTERFACE = /^[\w.@:-]{1,32}$/;
const LINES_MAX = 20;
const LINE_CHARACTERS_MAX = 200;

const only = (text: string, form: RegExp): string => (form.test(text) ? text : '');

/** `unknown` for a board without a name of any kind. */
export function readBoardBoot(boot: BoardBoot): AgentEventKind {
  const record: BootRecord = {
    mac: only(boot.mac, MAC),
    serial: only(boot.serial, DIRECTORY),
    address: only(boot.address, ADDRESS),
    interfaceName: only(boot.interfaceName, INTERFACE),
    startedMs: boot.startedMs,
    stagesMs: readSteps(boot.steps),
    firstFileMs: boot.firstFileMs || undefined,
    missedMs: boot.missedMs || undefined,
    missedFirmware: boot.missedFirmware,
    startsMs: boot.startsMs.slice(-STARTS_MAX),
    seenMs: Math.max(boot.startedMs, ...boot.steps.slice(0, BOOT_STAGES.length).map(({ atMs }) => atMs)),
  };
  if (record.mac === '' && record.address === '') return { kind: 'unknown' };
  return { kind: 'board-boot', record, trouble: readTrouble(boot.trouble) };
}

export function readNetconsole({ address, mac, lines, droppedCount }: NetconsoleLines): AgentEventKind {
  return {
    kind: 'netconsole-lines',
    address: only(address, ADDRESS),
    mac: only(mac, MAC),
    lines: lines.slice(0, LINES_MAX).map((line) => line.slice(0, LINE_CHARACTERS_MAX)),
    droppedCount,
  };
}

function readSteps(steps: BoardBoot['steps']): BootRecord['stagesMs'] {
  const known = steps.slice(0, BOOT_STAGES.length).flatMap(({ stage, atMs }) => {
    const name = STAGES[stage];
    return name === undefined ? [] : [[name, atMs] as const];
  });
  return Object.fromEntries(known);
}

const STAGES: Readonly<Partial<Record<WireStage, BootStage>>> = {
  [WireStage.POWER_ON]: 'power-on',
  [WireStage.DHCP_SEEN]: 'dhcp-seen',
  [WireStage.BOOTCODE_SERVED]: 'bootcode-served',
  [WireStage.SERIAL_DIR_HIT]: 'serial-dir-hit',
  [WireStage.KERNEL_SERVED]: 'kernel-served',
  [WireStage.CMDLINE_SERVED]: 'cmdline-served',
  [WireStage.NFS_MOUNTED]: 'nfs-mounted',
  [WireStage.AGENT_HELLO]: 'agent-hello',
  [WireStage.VERIFIED]: 'verified',
};

/** A trouble of a newer agent is none that we could explain. */
function readTrouble(trouble: WireTrouble): BootTrouble | undefined {
  return trouble === WireTrouble.UNSPECIFIED ? undefined : BOOT_TROUBLES[trouble - 1];
}
