import { BrambleError } from '../../../proto/contract/errors.js';
import type { BootSet } from '../../../proto/contract/netboot/boot-set.js';
import type { MailboxAnswer, MailboxRequest } from '../../../proto/contract/netboot/mailbox.js';
import type { DriverCapabilities, DriverName, Tell } from './ports.js';

/** What an agent may have done to the roots of its boards. Paths come from root's own file, and so does what ports may be. */
export type RootsOrder =
  | { readonly kind: 'look' }
  /** The boot path says again what the boot set and the pool are; what was cut off is finished. */
  | {
      readonly kind: 'converge';
      /** Interfaces on which a board starts over and over: what it is served now it gets no more. */
      readonly loops?: readonly string[];
      /** Serial number of a board whose exports are then mounted once, to see that they can be. */
      readonly probe?: string;
    }
  /** Another boot set from now on; the one before is kept until `confirm` or `undo`. */
  | { readonly kind: 'apply'; readonly set: BootSet }
  /** Tells in `changes` whether another one is in place; changes nothing. */
  | { readonly kind: 'check'; readonly set: BootSet }
  | { readonly kind: 'confirm' | 'undo' }
  | {
      readonly kind: 'prepare';
      readonly serial: string;
      readonly image: string;
      readonly dataBytes: number;
      readonly freshData: boolean;
    }
  | { readonly kind: 'activate' | 'roll-back'; readonly serial: string; readonly generation: number }
  | { readonly kind: 'remove'; readonly serial: string; readonly keepData: boolean }
  /** A request is left for a board in the root that it is served. */
  | ({ readonly kind: 'leave-request'; readonly serial: string } & MailboxRequest)
  /** Tells in `answer` what the board said last. */
  | { readonly kind: 'read-answer'; readonly serial: string };

/** Roots as they are after the order, and what it changed. */
export interface RootsView {
  readonly driver: DriverName;
  readonly capabilities: DriverCapabilities;
  readonly boards: readonly BoardView[];
  /** In words, at most 20 of them. */
  readonly changes: readonly string[];
  /** Of a board that was asked for its answer: it wrote this itself. */
  readonly answer?: MailboxAnswer | undefined;
}

export interface BoardView {
  readonly serial: string;
  readonly current: number | undefined;
  readonly previous: number | undefined;
  readonly underWay: string | undefined;
  readonly generations: readonly GenerationView[];
  /** Why it is served nothing, or nothing of its own; `undefined` = it gets its root, or no port is its. */
  readonly closedBecause: string | undefined;
}

export interface GenerationView {
  readonly generation: number;
  readonly image: string;
  readonly hostname: string;
  readonly hostKeys: readonly string[];
}

/** Does what is asked. @throws BrambleError; `unsupported` where no roots are kept */
export type RootsActuator = (order: RootsOrder, signal: AbortSignal, tell: Tell) => Promise<RootsView>;

/** @throws BrambleError `data-loss` for what no helper of ours answers */
export function parseRootsView(text: string): RootsView {
  try {
    const value: unknown = JSON.parse(text);
    if (isView(value)) return value;
  } catch {
    // Said below.
  }
  throw new BrambleError('data-loss', 'the helper answered something else than roots');
}

/** It comes from our own helper, of this version or another: what is read of it is there, and of its type. */
function isView(value: unknown): value is RootsView {
  if (typeof value !== 'object' || value === null) return false;
  if (!('driver' in value && 'capabilities' in value && 'boards' in value && 'changes' in value)) return false;
  const { driver, capabilities, boards, changes } = value;
  return (
    typeof driver === 'string' &&
    typeof capabilities === 'object' &&
    capabilities !== null &&
    Array.isArray(boards) &&
    boards.every(isBoard) &&
    Array.isArray(changes) &&
    changes.every((each) => typeof each === 'string')
  );
}

function isBoard(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('serial' in value) || !('generations' in value)) return false;
  return typeof value.serial === 'string' && Array.isArray(value.generations) && value.generations.every(isGeneration);
}

function isGeneration(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('generation' in value) || !('image' in value)) return false;
  const hostKeys = 'hostKeys' in value ? value.hostKeys : undefined;
  return typeof value.generation === 'number' && typeof value.image === 'string' && Array.isArray(hostKeys);
}
