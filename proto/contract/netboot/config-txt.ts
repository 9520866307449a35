import { BrambleError } from '../errors.js';
import { kernelOf } from './board-class.js';
import type { BootBoard } from './boot-set.js';

/**
 * Source: Raspberry Pi documentation, "config.txt". Nothing in it is secret: whoever is on the board's VLAN can fetch it.
 * @throws BrambleError `invalid-argument` for a board that cannot run such a kernel
 */
export function renderConfigTxt({
  boardClass,
  bits,
  serial,
}: Pick<BootBoard, 'boardClass' | 'bits' | 'serial'>): string {
  const kernel = kernelOf(boardClass, bits);
  if (kernel === undefined) {
    throw new BrambleError('invalid-argument', `board ${serial}: a ${boardClass} runs no ${bits}-bit kernel`);
  }
  const lines = [
    '# Written by the fileserver agent; a change of this file is lost with the next one.',
    '[all]',
    `arm_64bit=${bits === 64 ? 1 : 0}`,
    `kernel=${kernel}`,
    'enable_uart=1',
    // A board without a screen shall not wait for one.
    'disable_splash=1',
    'boot_delay=0',
  ];
  return `${lines.join('\n')}\n`;
}
