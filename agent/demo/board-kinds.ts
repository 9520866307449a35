/** A model of board as the demo knows it: what its kernel shows, and how it behaves. */
export interface BoardKind {
  /** As the device tree names it. */
  readonly model: string;
  /** Raspberry Pi revision code. */
  readonly revision: number;
  /** First three bytes of its addresses. */
  readonly macPrefix: string;
  /** What the kernel has of the memory, KiB. */
  readonly memoryKib: number;
  readonly cores: number;
  readonly minMhz: number;
  readonly maxMhz: number;
  readonly system: 'armv6l' | 'armv7l' | 'aarch64' | 'aarch64-2712';
  /** Of the built-in port; absent on boards that have wireless alone. */
  readonly ethernet?: { readonly driver: string; readonly mbps: number };
  /** Degrees Celsius without work, and how many more with all of it. */
  readonly idleCelsius: number;
  readonly workCelsius: number;
  /** Where the firmware brakes softly; only the Pi 3 B+ has such a limit. */
  readonly softLimitCelsius?: number;
  /** Time keeping without power, and a fan: a Pi 5. */
  readonly hasClockAndFan?: boolean;
}

const LAN9512 = { driver: 'smsc95xx', mbps: 100 } as const;

/** Sources: raspberrypi.com documentation, "Raspberry Pi revision codes"; test/fixtures/host for what each kernel shows. */
export const BOARD_KINDS = {
  'pi-1b': {
    ...{ model: 'Raspberry Pi Model B Rev 2', revision: 0x0e, macPrefix: 'b8:27:eb', memoryKib: 442_760 },
    ...{ cores: 1, minMhz: 700, maxMhz: 700, system: 'armv6l', ethernet: LAN9512, idleCelsius: 38, workCelsius: 10 },
  },
  'pi-2b': {
    ...{ model: 'Raspberry Pi 2 Model B Rev 1.1', revision: 0xa01041, macPrefix: 'b8:27:eb', memoryKib: 945_380 },
    ...{ cores: 4, minMhz: 600, maxMhz: 900, system: 'armv7l', ethernet: LAN9512, idleCelsius: 39, workCelsius: 16 },
  },
  'pi-3b': {
    ...{ model: 'Raspberry Pi 3 Model B Rev 1.2', revision: 0xa02082, macPrefix: 'b8:27:eb', memoryKib: 929_108 },
    ...{ cores: 4, minMhz: 600, maxMhz: 1200, system: 'aarch64', ethernet: LAN9512, idleCelsius: 44, workCelsius: 26 },
  },
  'pi-3b-plus': {
    ...{ model: 'Raspberry Pi 3 Model B Plus Rev 1.3', revision: 0xa020d3, macPrefix: 'b8:27:eb' },
    ...{ memoryKib: 929_112, cores: 4, minMhz: 600, maxMhz: 1400, system: 'aarch64' },
    ...{ ethernet: { driver: 'lan78xx', mbps: 1000 }, idleCelsius: 42, workCelsius: 15, softLimitCelsius: 60 },
  },
  'pi-zero-2w': {
    ...{ model: 'Raspberry Pi Zero 2 W Rev 1.0', revision: 0x902120, macPrefix: '2c:cf:67', memoryKib: 426_904 },
    ...{ cores: 4, minMhz: 600, maxMhz: 1000, system: 'aarch64', idleCelsius: 41, workCelsius: 22 },
  },
  'pi-4b-2g': {
    ...{ model: 'Raspberry Pi 4 Model B Rev 1.2', revision: 0xb03112, macPrefix: 'dc:a6:32', memoryKib: 1_893_972 },
    ...{ cores: 4, minMhz: 600, maxMhz: 1500, system: 'aarch64', idleCelsius: 45, workCelsius: 25 },
    ethernet: { driver: 'bcmgenet', mbps: 1000 },
  },
  'pi-4b-4g': {
    ...{ model: 'Raspberry Pi 4 Model B Rev 1.4', revision: 0xc03114, macPrefix: 'dc:a6:32', memoryKib: 3_884_336 },
    ...{ cores: 4, minMhz: 600, maxMhz: 1800, system: 'aarch64', idleCelsius: 46, workCelsius: 24 },
    ethernet: { driver: 'bcmgenet', mbps: 1000 },
  },
  'pi-5-8g': {
    ...{ model: 'Raspberry Pi 5 Model B Rev 1.0', revision: 0xd04170, macPrefix: '2c:cf:67', memoryKib: 8_255_968 },
    ...{ cores: 4, minMhz: 1500, maxMhz: 2400, system: 'aarch64-2712', idleCelsius: 48, workCelsius: 20 },
    ...{ ethernet: { driver: 'macb', mbps: 1000 }, hasClockAndFan: true },
  },
} as const satisfies Record<string, BoardKind>;

export type BoardName = keyof typeof BOARD_KINDS;

/** What the software of a board calls itself. */
export const SYSTEMS: Readonly<
  Record<BoardKind['system'], { readonly arch: string; readonly kernel: string; readonly os: string }>
> = {
  armv6l: { arch: 'armv6l', kernel: '6.1.21+', os: 'Raspbian GNU/Linux 11 (bullseye)' },
  armv7l: { arch: 'armv7l', kernel: '6.1.21-v7+', os: 'Raspbian GNU/Linux 11 (bullseye)' },
  aarch64: { arch: 'aarch64', kernel: '6.6.51+rpt-rpi-v8', os: 'Debian GNU/Linux 12 (bookworm)' },
  'aarch64-2712': { arch: 'aarch64', kernel: '6.6.51+rpt-rpi-2712', os: 'Debian GNU/Linux 12 (bookworm)' },
};
