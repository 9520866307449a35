import type { FilesystemStat } from '../kit/host/ports.js';
import { type SimKernelFile, SimKernelFiles } from '../sim/sim-kernel-files.js';
import { SYSTEMS } from './board-kinds.js';
import { type MachineState, THROTTLE_CELSIUS } from './machine.js';
import type { PiSpec } from './pi-spec.js';
import {
  bootPath,
  renderCpuinfo,
  renderDiskstats,
  renderLoadavg,
  renderMeminfo,
  renderMountinfo,
  renderMountstats,
  renderNetDev,
  renderStat,
} from './proc-files.js';

/** A machine that runs, as its kernel sees it at this moment. */
export interface RunningMachine {
  readonly spec: PiSpec;
  readonly bootId: string;
  readonly bootedAtMs: number;
  /** Switched on after the power was cut, rather than restarted. */
  readonly isColdBoot: boolean;
  state(): MachineState;
  link(): { readonly isUp: boolean; readonly carrierChanges: number };
}

type Files = Readonly<Record<string, SimKernelFile>>;

/** Everything that collectors read, of a Pi that is not there. */
export function makeMachineKernel(machine: RunningMachine): SimKernelFiles {
  const kernel = new SimKernelFiles({
    ...boardFiles(machine),
    ...procFiles(machine),
    ...networkFiles(machine),
    ...heatFiles(machine),
    ...cardFiles(machine.spec),
    '/run/systemd/timesync/synchronized': '',
    '/etc/kernel/postinst.d/unattended-upgrades': '#!/bin/sh\n',
  });
  const { spec } = machine;
  if (spec.card !== undefined) {
    kernel.setFilesystem('/', () => rootStat(spec, machine.state().diskRatio));
    kernel.setFilesystem(bootPath(spec), statOf(512 * 2 ** 20, 0.14));
  }
  return kernel;
}

function boardFiles({ spec, bootId, bootedAtMs, isColdBoot }: RunningMachine): Files {
  const { board, serial, name } = spec;
  const system = SYSTEMS[board.system];
  const hasEeprom = board.system === 'aarch64-2712' || board.model.includes('Pi 4');
  const clock: Files =
    board.hasClockAndFan === true ? { '/sys/class/rtc/rtc0/name': 'rpi-rtc soc@107c000000:rpi_rtc\n' } : {};
  return {
    '/proc/device-tree/model': `${board.model}\0`,
    '/proc/device-tree/serial-number': `${serial}\0`,
    '/proc/device-tree/system/linux,revision': cell(board.revision),
    // PM_RSTS: a power-on reset, or a full one by the watchdog timer that restarts the chip.
    '/proc/device-tree/chosen/bootloader/rsts': cell(isColdBoot ? 0x1000 : 0x1020),
    ...(hasEeprom
      ? { '/proc/device-tree/chosen/bootloader/build-timestamp': cell(bootloaderBuiltS(spec, bootedAtMs)) }
      : {}),
    '/proc/cpuinfo': renderCpuinfo(spec),
    '/proc/sys/kernel/arch': `${system.arch}\n`,
    '/proc/sys/kernel/osrelease': `${system.kernel}\n`,
    '/proc/sys/kernel/hostname': `${name}\n`,
    '/proc/sys/kernel/random/boot_id': `${bootId}\n`,
    '/etc/os-release': `PRETTY_NAME="${system.os}"\n`,
    '/sys/class/watchdog/watchdog0/identity': 'Broadcom BCM2835 Watchdog timer\n',
    '/sys/class/watchdog/watchdog0/bootstatus': '0\n',
    ...clock,
  };
}

const DAY_S = 86_400;

/** Most bootloaders are some months old; one in eight was never looked after. */
function bootloaderBuiltS({ host }: PiSpec, bootedAtMs: number): number {
  return Math.floor(bootedAtMs / 1_000) - (host % 8 === 4 ? 900 : 150 + host) * DAY_S;
}

function procFiles({ spec, bootedAtMs, state }: RunningMachine): Files {
  return {
    '/proc/stat': () => renderStat(spec, state(), bootedAtMs),
    '/proc/loadavg': () => renderLoadavg(state()),
    '/proc/meminfo': () => renderMeminfo(spec, state()),
    '/proc/vmstat': 'nr_free_pages 78011\noom_kill 0\n',
    '/proc/diskstats': () => renderDiskstats(spec, state()),
    '/proc/self/net/dev': () => renderNetDev(spec, state()),
    '/proc/self/mountinfo': renderMountinfo(spec),
    '/proc/self/mountstats': () => renderMountstats(spec, state()),
  };
}

function networkFiles({ spec, link }: RunningMachine): Files {
  const { board, mac, wirelessMac } = spec;
  const isWired = board.ethernet !== undefined;
  const wired: Files =
    board.ethernet === undefined
      ? {}
      : {
          ...interfaceFiles('eth0', mac, board.ethernet.driver),
          '/sys/class/net/eth0/operstate': () => (link().isUp ? 'up\n' : 'down\n'),
          '/sys/class/net/eth0/speed': `${board.ethernet.mbps}\n`,
          '/sys/class/net/eth0/duplex': 'full\n',
          '/sys/class/net/eth0/carrier_changes': () => `${link().carrierChanges}\n`,
        };
  return {
    ...wired,
    ...interfaceFiles('wlan0', isWired ? wirelessMac : mac, 'brcmfmac'),
    '/sys/class/net/wlan0/operstate': () => (!isWired && link().isUp ? 'up\n' : 'down\n'),
    '/sys/class/net/wlan0/carrier_changes': () => `${isWired ? 1 : link().carrierChanges}\n`,
    '/sys/class/net/lo/type': '772\n',
  };
}

function interfaceFiles(name: string, mac: string, driver: string): Files {
  const at = `/sys/class/net/${name}`;
  return {
    [`${at}/address`]: `${mac}\n`,
    [`${at}/addr_assign_type`]: '0\n',
    [`${at}/type`]: '1\n',
    [`${at}/device/uevent`]: `DRIVER=${driver}\n`,
  };
}

function heatFiles({ spec, state }: RunningMachine): Files {
  const { board } = spec;
  const bus = board.system === 'aarch64-2712' ? 'soc@107c000000' : 'soc';
  const millidegrees = (): string => `${Math.round(state().celsius * 1_000)}\n`;
  // Bits 0 to 3 are what is, bits 16 to 19 what was since the boot.
  const throttled = (): string => (state().throttled + state().throttledSeen * 0x1_0000).toString(16);
  const kilohertz = (): string => `${mhzNow(spec, state()) * 1_000}\n`;
  const fan: Files =
    board.hasClockAndFan === true
      ? {
          '/sys/class/hwmon/hwmon2/name': 'pwmfan\n',
          '/sys/class/hwmon/hwmon2/fan1_input': () => `${fanRpm(state().celsius)}\n`,
        }
      : {};
  return {
    '/sys/class/thermal/thermal_zone0/type': 'cpu-thermal\n',
    '/sys/class/thermal/thermal_zone0/temp': millidegrees,
    '/sys/class/thermal/thermal_zone0/trip_point_0_type': 'critical\n',
    '/sys/class/thermal/thermal_zone0/trip_point_0_temp': '110000\n',
    '/sys/class/hwmon/hwmon0/name': 'cpu_thermal\n',
    '/sys/class/hwmon/hwmon0/temp1_input': millidegrees,
    '/sys/class/hwmon/hwmon1/name': 'rpi_volt\n',
    '/sys/class/hwmon/hwmon1/in0_lcrit_alarm': () => `${state().throttled & 1}\n`,
    [`/sys/devices/platform/${bus}/${bus}:firmware/get_throttled`]: () => `${throttled()}\n`,
    '/sys/devices/system/cpu/cpufreq/policy0/scaling_cur_freq': kilohertz,
    '/sys/devices/system/cpu/cpufreq/policy0/cpuinfo_max_freq': `${board.maxMhz * 1_000}\n`,
    '/sys/devices/system/cpu/cpufreq/policy0/scaling_governor': 'ondemand\n',
    ...fan,
  };
}

function mhzNow({ board }: PiSpec, { work, celsius, throttled }: MachineState): number {
  if (celsius >= THROTTLE_CELSIUS || (throttled & 1) !== 0) return board.minMhz;
  return work > 0.25 ? board.maxMhz : board.minMhz;
}

function fanRpm(celsius: number): number {
  return celsius < 50 ? 0 : Math.round(2_000 + 120 * Math.min(40, celsius - 50));
}

function cardFiles({ card }: PiSpec): Files {
  if (card === undefined) return {};
  const device = '/sys/block/mmcblk0/device';
  return {
    '/sys/block/mmcblk0/size': `${card.sectors}\n`,
    [`${device}/type`]: 'SD\n',
    [`${device}/name`]: `${card.name}\n`,
    [`${device}/manfid`]: `${card.maker}\n`,
    [`${device}/serial`]: `${card.serial}\n`,
    [`${device}/date`]: `${card.made}\n`,
    '/sys/fs/ext4/mmcblk0p2/lifetime_write_kbytes': '81230442\n',
    '/sys/fs/ext4/mmcblk0p2/errors_count': '0\n',
    '/sys/fs/ext4/mmcblk0p2/first_error_time': '0\n',
    '/sys/fs/ext4/mmcblk0p2/last_error_time': '0\n',
  };
}

const BLOCK_BYTES = 4_096;
const SECTOR_BYTES = 512;

function rootStat({ card }: PiSpec, usedRatio: number): FilesystemStat {
  return statOf((card?.sectors ?? 0) * SECTOR_BYTES * 0.96, usedRatio);
}

function statOf(sizeBytes: number, usedRatio: number): FilesystemStat {
  const blocks = Math.floor(sizeBytes / BLOCK_BYTES);
  const inodes = Math.floor(blocks / 4);
  return {
    blockSizeBytes: BLOCK_BYTES,
    blocks,
    blocksAvailable: Math.floor(blocks * (1 - usedRatio)),
    inodes,
    inodesFree: Math.floor(inodes * (1 - usedRatio / 3)),
  };
}

/** One big-endian cell of a device tree, as latin1. */
function cell(value: number): string {
  return String.fromCharCode((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}
