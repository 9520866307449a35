import type { PiModel } from './records.js';

/** As a board's device tree names it, the most particular first: "Raspberry Pi 3 Model B Plus Rev 1.3". */
const NAMES: readonly (readonly [RegExp, PiModel])[] = [
  [/Zero 2 W/, 'zero-2w'],
  [/Zero W/, 'zero-w'],
  [/(Pi|Module) 5/, '5'],
  [/(Pi|Module) 4/, '4b'],
  [/Pi 3 Model [AB] Plus/, '3b+'],
  [/(Pi|Module) 3/, '3b'],
  [/Pi 2/, '2b'],
  [/Pi Model [AB] Plus/, 'b+'],
  [/Pi Model [AB]/, 'b'],
];

export function piModelOf(text: string): PiModel {
  return NAMES.find(([pattern]) => pattern.test(text))?.[1] ?? 'other';
}
