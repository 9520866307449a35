/**
 * Who made a card, by the number in its CID register. The list of numbers is not public. Sources: Linux
 * drivers/mmc/core/card.h (CID_MANFID_*) and mmc-utils lsmmc.c; where they name several, so does this. SD cards and eMMC
 * chips are numbered by different bodies (SD-3C; JEDEC), so that one number may be two makers.
 */

const SD_MAKERS: ReadonlyMap<number, string> = new Map([
  [0x01, 'Panasonic'],
  [0x02, 'Toshiba'],
  [0x03, 'SanDisk'],
  [0x08, 'Silicon Power'],
  [0x09, 'ATP'],
  [0x12, 'Gigastone'],
  [0x18, 'Infineon'],
  [0x1b, 'Samsung'],
  [0x1c, 'Transcend'],
  [0x1d, 'ADATA or Corsair'],
  [0x1e, 'Transcend'],
  [0x1f, 'Kingston'],
  [0x27, 'Phison (Delkin, Apacer and others)'],
  [0x28, 'Lexar'],
  [0x30, 'SanDisk'],
  [0x31, 'Silicon Power'],
  [0x33, 'STMicroelectronics'],
  [0x41, 'Kingston'],
  [0x5d, 'Swissbit'],
  [0x6f, 'STMicroelectronics'],
  [0x74, 'Transcend'],
  [0x76, 'Patriot'],
  [0x82, 'Sony'],
  [0x9f, 'Kingston'],
  [0xad, 'Longsys'],
]);

const EMMC_MAKERS: ReadonlyMap<number, string> = new Map([
  [0x02, 'SanDisk'],
  [0x03, 'Toshiba'],
  [0x11, 'Toshiba'],
  [0x13, 'Micron'],
  [0x15, 'Samsung'],
  [0x2c, 'Kingston'],
  [0x37, 'KingMax'],
  [0x44, 'ATP'],
  [0x45, 'SanDisk'],
  [0x70, 'Kingston'],
  [0x90, 'Hynix'],
  [0xfe, 'Micron'],
]);

/** `kind` as the kernel names it: "SD" or "MMC". A number that is not listed is shown as it is. */
export function makerName(kind: string | undefined, number: number): string {
  const makers = kind === 'MMC' ? EMMC_MAKERS : SD_MAKERS;
  return makers.get(number) ?? `unknown (0x${number.toString(16).padStart(2, '0')})`;
}
