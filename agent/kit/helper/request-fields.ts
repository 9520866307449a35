import { BrambleError } from '../../../proto/contract/errors.js';
import { isMountPoint } from '../../../proto/contract/mount-point.js';
import { isBoardSerial, isImageId } from '../../../proto/contract/netboot/parse.js';
import { isBlockDeviceName } from '../host/block-device-name.js';
import { isInterfaceName } from '../host/interface-name.js';
import { TRAFFIC_INTERFACES_MAX } from '../host/traffic.js';
import { isUnitName } from '../host/unit-name.js';
import { JOURNAL_LINES_MAX } from '../machine/journal.js';

/** How long an LED may blink, ms: the contract's own bounds (Identify.for_ms). */
export const BLINK_MS = { min: 5_000, max: 300_000 } as const;

/** Reads the fields of one request, each of a type of its own. All throw BrambleError `invalid-argument`. */
export class RequestFields {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  /** For whoever checks it himself. */
  raw(name: string): unknown {
    return this.#values[name];
  }

  /** @throws for a field that is not among them: what nobody reads is not what was meant */
  nothingBut(names: readonly string[]): void {
    const unknown = Object.keys(this.#values).find((name) => !names.includes(name));
    if (unknown !== undefined) throw refused(`unknown field ${JSON.stringify(unknown.slice(0, 64))}`);
  }

  boardSerial(name: string): string {
    const value = this.text(name);
    if (!isBoardSerial(value)) throw refused(`${name} must be the last eight digits of a serial number`);
    return value;
  }

  image(name: string): string {
    const value = this.text(name);
    if (!isImageId(value)) throw refused(`${name} must be the name of an image`);
    return value;
  }

  flag(name: string): boolean {
    const value = this.#values[name];
    if (typeof value !== 'boolean') throw refused(`${name} must be true or false`);
    return value;
  }

  number(name: string, min: number, max: number): number {
    return this.#whole(name, min, max);
  }

  /** Any text: what is done with it is up to the list that it must be on. */
  text(name: string): string {
    const value = this.#values[name];
    if (typeof value !== 'string') throw refused(`${name} must be a string`);
    return value;
  }

  unit(name: string): string {
    const value = this.text(name);
    if (!isUnitName(value)) throw refused(`${name} must be the full name of a unit`);
    return value;
  }

  device(name: string): string {
    const value = this.text(name);
    if (!isBlockDeviceName(value)) throw refused(`${name} must be the name of a block device`);
    return value;
  }

  interfaces(name: string): readonly string[] {
    const value = this.#values[name];
    const isName = (each: unknown): each is string => typeof each === 'string' && isInterfaceName(each);
    const names: readonly string[] = Array.isArray(value) ? value.filter(isName) : [];
    if (Array.isArray(value) && names.length === value.length && names.length <= TRAFFIC_INTERFACES_MAX) return names;
    throw refused(`${name} must be at most ${TRAFFIC_INTERFACES_MAX} names of interfaces`);
  }

  mountPoint(name: string): string {
    const value = this.text(name);
    if (!isMountPoint(value)) throw refused(`${name} must be an absolute path without anything special`);
    return value;
  }

  oneOf<Word extends string>(name: string, words: readonly Word[]): Word {
    const value = this.#values[name];
    const word = words.find((each) => each === value);
    if (word === undefined) throw refused(`${name} must be ${words.join(' or ')}`);
    return word;
  }

  blinkMs(name: string): number {
    return this.#whole(name, BLINK_MS.min, BLINK_MS.max);
  }

  lines(name: string): number {
    return this.#whole(name, 1, JOURNAL_LINES_MAX);
  }

  #whole(name: string, min: number, max: number): number {
    const value = this.#values[name];
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    throw refused(`${name} must be a whole number from ${min} to ${max}`);
  }
}

export function refused(why: string, cause?: unknown): BrambleError {
  return new BrambleError('invalid-argument', `helper request refused: ${why}`, { cause });
}
