/**
 * What differs between the boards that boot over the network. Sources: Raspberry Pi documentation, "config.txt" (kernel,
 * arm_64bit) and "Boot modes"; Linux drivers/usb/host/dwc_otg for the option of the first three.
 */
export interface BoardClass {
  /** Kernel image that the firmware loads, by word size; absent = it cannot run such a kernel. */
  readonly kernel: { readonly 32?: string; readonly 64?: string };
  /** Serial console of the kernel. `serial0` is replaced by the firmware with whichever port is on the header. */
  readonly console: string;
  /** USB and Ethernet hang off a controller that must not save power on its links. */
  readonly hasDwcOtg: boolean;
  /** Its ROM or EEPROM boots from the network; without that it needs a card with bootcode.bin. */
  readonly bootsWithoutCard: boolean;
}

const OLD = { console: 'ttyAMA0', hasDwcOtg: true } as const;

export const BOARD_CLASSES = {
  pi1: { ...OLD, kernel: { 32: 'kernel.img' }, bootsWithoutCard: false },
  pi2: { ...OLD, kernel: { 32: 'kernel7.img' }, bootsWithoutCard: false },
  pi3: { ...OLD, kernel: { 32: 'kernel7.img', 64: 'kernel8.img' }, bootsWithoutCard: true },
  pi4: {
    kernel: { 32: 'kernel7l.img', 64: 'kernel8.img' },
    console: 'serial0',
    hasDwcOtg: false,
    bootsWithoutCard: true,
  },
  pi5: { kernel: { 64: 'kernel_2712.img' }, console: 'ttyAMA10', hasDwcOtg: false, bootsWithoutCard: true },
} as const satisfies Record<string, BoardClass>;

export type BoardClassName = keyof typeof BOARD_CLASSES;

export const BOARD_CLASS_NAMES: readonly BoardClassName[] = ['pi1', 'pi2', 'pi3', 'pi4', 'pi5'];

/** Kernel image of a board; `undefined` when it cannot run a kernel of that word size. */
export function kernelOf(name: BoardClassName, bits: 32 | 64): string | undefined {
  const { kernel }: BoardClass = BOARD_CLASSES[name];
  return kernel[bits];
}
