import type { Random } from '../../proto/contract/random.js';
import type { BootLogLine } from './boot-log.js';
import type { PiSpec } from './pi-spec.js';
import { addressOf, exportOf } from './proc-files.js';

/** One step of a boot, as the fileserver's own programs write it down. */
export interface BootStep {
  /** After the step before it, ms. */
  readonly afterMs: number;
  readonly lines: readonly BootLogLine[];
  /** From here on the board's own kernel runs, and counts its time. */
  readonly startsKernel?: true;
}

const TFTP_ROOT = '/srv/tftp';
/** A Pi 3 asks for its address some seconds after it has power, and is slower from then on too. */
const PACE_MS = {
  rom: { power: 6_000, firmware: 1_500, kernel: 5_000, mount: 7_000, system: 9_000 },
  eeprom: { power: 4_000, firmware: 800, kernel: 2_500, mount: 4_500, system: 6_000 },
} as const;

/**
 * What a board does between power and the start of its agent. A Pi 4 or 5 has its first boot code on the board. Source of the order
 * of files: raspberrypi.com documentation, "Network boot"; of the lines: recorded from dnsmasq 2.90 with log-dhcp.
 */
export function planBoot(spec: PiSpec, random: Random): readonly BootStep[] {
  const hasEeprom = spec.board.system === 'aarch64-2712' || spec.board.model.includes('Pi 4');
  const pace = hasEeprom ? PACE_MS.eeprom : PACE_MS.rom;
  const about = (ms: number): number => Math.round(ms * (0.8 + 0.4 * random.unit()));
  const end: BootStep = { afterMs: about(pace.system), lines: [] };
  if (spec.card !== undefined) {
    // From its card: nobody sees more of it than that it asks whether it may keep its address.
    return [
      { afterMs: about(pace.power), lines: [], startsKernel: true },
      { afterMs: about(pace.mount), lines: kept(spec, transactionOf(random)) },
      end,
    ];
  }
  const own = `${TFTP_ROOT}/${spec.serial.slice(-8)}`;
  const address = addressOf(spec);
  const sent = (...paths: readonly string[]) => paths.map((path) => tftp(`sent ${path} to ${address}`));
  const missing = (path: string) => tftp(`file ${path} not found for ${address}`);
  const isPi5 = spec.board.system === 'aarch64-2712';
  const first = hasEeprom
    ? sent(`${own}/config.txt`, ...(isPi5 ? [] : [`${own}/start4.elf`, `${own}/fixup4.dat`]))
    : [...sent(`${TFTP_ROOT}/bootcode.bin`), missing(`${TFTP_ROOT}/bootsig.bin`)];
  const firmware = hasEeprom ? [] : sent(`${own}/start.elf`, `${own}/config.txt`, `${own}/fixup.dat`);
  const kernel = spec.board.system === 'armv7l' ? 'kernel7.img' : 'kernel8.img';
  return [
    { afterMs: about(pace.power), lines: leased(spec, transactionOf(random), FIRMWARE_CLASS) },
    { afterMs: about(pace.firmware), lines: first },
    { afterMs: about(pace.firmware), lines: [...firmware, ...sent(`${own}/cmdline.txt`)] },
    { afterMs: about(pace.kernel), lines: sent(`${own}/${kernel}`), startsKernel: true },
    { afterMs: about(pace.kernel / 2), lines: leased(spec, transactionOf(random), SYSTEM_CLASS) },
    { afterMs: about(pace.mount), lines: [mounted(spec)] },
    end,
  ];
}

/** How a boot that has ended at `endMs` was written down: each step with its time. */
export function datedSteps(
  steps: readonly BootStep[],
  endMs: number,
): readonly (BootStep & { readonly atMs: number })[] {
  let atMs = endMs - steps.reduce((sum, { afterMs }) => sum + afterMs, 0);
  return steps.map((step) => {
    atMs += step.afterMs;
    return { ...step, atMs };
  });
}

/** What the firmware of every Pi calls itself, and what the kernel does when it asks for its address (ip=dhcp). */
const FIRMWARE_CLASS = 'PXEClient:Arch:00000:UNDI:002001';
const SYSTEM_CLASS = 'Linux ipconfig';

function leased(spec: PiSpec, transaction: number, vendorClass: string): readonly BootLogLine[] {
  const { mac } = spec;
  const on = `eth0.${spec.host}`;
  const address = addressOf(spec);
  return [
    `vendor class: ${vendorClass}`,
    `DHCPDISCOVER(${on}) ${mac} `,
    `DHCPOFFER(${on}) ${address} ${mac} `,
    `DHCPREQUEST(${on}) ${address} ${mac} `,
    `DHCPACK(${on}) ${address} ${mac} ${spec.name}`,
  ].map((text) => dhcp(transaction, text));
}

function kept(spec: PiSpec, transaction: number): readonly BootLogLine[] {
  const on = `eth0.${spec.host}`;
  const address = addressOf(spec);
  return [
    dhcp(transaction, `DHCPREQUEST(${on}) ${address} ${spec.mac} `),
    dhcp(transaction, `DHCPACK(${on}) ${address} ${spec.mac} ${spec.name}`),
  ];
}

/** Source of the words: nfs-utils, support/export/auth.c. */
function mounted(spec: PiSpec): BootLogLine {
  const path = exportOf(spec);
  return {
    program: 'rpc.mountd',
    text: `authenticated mount request from ${addressOf(spec)}:790 for ${path} (${path})`,
  };
}

const dhcp = (transaction: number, text: string): BootLogLine => ({
  program: 'dnsmasq-dhcp',
  text: `${transaction} ${text}`,
});

const tftp = (text: string): BootLogLine => ({ program: 'dnsmasq-tftp', text });

const transactionOf = (random: Random): number => Math.floor(random.unit() * 2 ** 32);
