import { RequestFields } from '../../agent/kit/helper/request-fields.js';
import type { RootsOrder } from '../../agent/kit/roots/orders.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { commandId } from '../../proto/contract/ids.js';
import { MAILBOX_VERBS } from '../../proto/contract/netboot/mailbox.js';
import { parseBootSet } from '../../proto/contract/netboot/parse.js';

const KINDS = [
  'look',
  'converge',
  'confirm',
  'undo',
  'apply',
  'check',
  'prepare',
  'activate',
  'roll-back',
  'remove',
  'leave-request',
  'read-answer',
] as const;
/** The smallest filesystem that ext4 makes with room for anything, and more than any disk of a fileserver. */
const DATA_BYTES = { min: 2 ** 20, max: 2 ** 44 } as const;
const GENERATION_MAX = 999_999_999;

/** @throws BrambleError `invalid-argument` naming what is wrong */
export function parseRootsOrder(text: string): RootsOrder {
  const from = fieldsOf(text);
  const kind = from.oneOf('kind', KINDS);
  switch (kind) {
    case 'converge':
      from.nothingBut(['kind', 'loops', 'probe']);
      return {
        kind,
        ...(from.raw('loops') !== undefined && { loops: from.interfaces('loops') }),
        ...(from.raw('probe') !== undefined && { probe: from.boardSerial('probe') }),
      };
    case 'look':
    case 'confirm':
    case 'undo':
      from.nothingBut(['kind']);
      return { kind };
    case 'apply':
    case 'check':
      from.nothingBut(['kind', 'set']);
      return { kind, set: parseBootSet(from.raw('set')) };
    case 'prepare':
      from.nothingBut(['kind', 'serial', 'image', 'dataBytes', 'freshData']);
      return {
        kind,
        serial: from.boardSerial('serial'),
        image: from.image('image'),
        dataBytes: from.number('dataBytes', DATA_BYTES.min, DATA_BYTES.max),
        freshData: from.flag('freshData'),
      };
    case 'activate':
    case 'roll-back':
      from.nothingBut(['kind', 'serial', 'generation']);
      return { kind, serial: from.boardSerial('serial'), generation: from.number('generation', 1, GENERATION_MAX) };
    case 'remove':
      from.nothingBut(['kind', 'serial', 'keepData']);
      return { kind, serial: from.boardSerial('serial'), keepData: from.flag('keepData') };
    case 'leave-request':
      from.nothingBut(['kind', 'serial', 'id', 'verb', 'atMs']);
      return {
        kind,
        serial: from.boardSerial('serial'),
        id: commandId(from.text('id')),
        verb: from.oneOf('verb', MAILBOX_VERBS),
        atMs: from.number('atMs', 0, Number.MAX_SAFE_INTEGER),
      };
    case 'read-answer':
      from.nothingBut(['kind', 'serial']);
      return { kind, serial: from.boardSerial('serial') };
  }
}

function fieldsOf(text: string): RequestFields {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return new RequestFields({ ...value });
  } catch {
    // Said below.
  }
  throw new BrambleError('invalid-argument', 'helper request refused: no order about roots');
}
