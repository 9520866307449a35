import type { BootRecord } from '../../../proto/contract/boot/record.js';
import type { BootStage, BootTrouble } from '../../../proto/contract/boot/stage.js';
import {
  type BoardBoot,
  BootStage as WireStage,
  BootTrouble as WireTrouble,
} from '../../../proto/gen/bramble/agent/v1/event.js';

const STAGES = {
  'power-on': WireStage.POWER_ON,
  'dhcp-seen': WireStage.DHCP_SEEN,
  'bootcode-served': WireStage.BOOTCODE_SERVED,
  'serial-dir-hit': WireStage.SERIAL_DIR_HIT,
  'kernel-served': WireStage.KERNEL_SERVED,
  'cmdline-served': WireStage.CMDLINE_SERVED,
  'nfs-mounted': WireStage.NFS_MOUNTED,
  'agent-hello': WireStage.AGENT_HELLO,
  verified: WireStage.VERIFIED,
} as const satisfies Record<BootStage, WireStage>;

const TROUBLES = {
  'no-dhcp': WireTrouble.NO_DHCP,
  'no-tftp-after-dhcp': WireTrouble.NO_TFTP_AFTER_DHCP,
  'serial-dir-miss': WireTrouble.SERIAL_DIR_MISS,
  'tftp-stalled': WireTrouble.TFTP_STALLED,
  'no-nfs-mount': WireTrouble.NO_NFS_MOUNT,
  'no-agent-hello': WireTrouble.NO_AGENT_HELLO,
  'boot-loop': WireTrouble.BOOT_LOOP,
} as const satisfies Record<BootTrouble, WireTrouble>;

/** A record as it travels. What happened before this machine's boot (a log that is older) counts as its beginning. */
export function boardBootOf(record: BootRecord, trouble: BootTrouble | undefined): BoardBoot {
  const at = (ms: number): number => Math.max(0, Math.round(ms));
  const { mac, serial, address, interfaceName, missedFirmware, firstFileMs, missedMs } = record;
  const steps = Object.entries(STAGES).flatMap(([stage, wire]) => {
    const atMs = record.stagesMs[stage as BootStage]; // a key of STAGES is a stage
    return atMs === undefined ? [] : [{ stage: wire, atMs: at(atMs) }];
  });
  return {
    mac,
    serial,
    address,
    interfaceName,
    startedMs: at(record.startedMs),
    steps,
    trouble: trouble === undefined ? WireTrouble.UNSPECIFIED : TROUBLES[trouble],
    firstFileMs: firstFileMs === undefined ? 0 : Math.max(1, at(firstFileMs)),
    missedMs: missedMs === undefined ? 0 : Math.max(1, at(missedMs)),
    missedFirmware,
    startsMs: record.startsMs.map(at),
  };
}
