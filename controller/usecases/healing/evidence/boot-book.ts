import type { BootRecord } from '../../../../proto/contract/boot/record.js';
import { isBoardOf } from '../../../domain/boot.js';
import type { Board } from '../../../domain/node.js';

/** Boards name themselves by so many digits of their serial number. */
const SERIAL_DIGITS = 8;

/** The boots that one fileserver told of, to be asked for by board: every board of a fileserver is, in every pass. */
export class BootBook {
  readonly records: readonly BootRecord[];
  readonly #byMac = new Map<string, BootRecord>();
  readonly #bySerial = new Map<string, BootRecord>();
  /** Serial numbers of another form: few. */
  readonly #others: BootRecord[] = [];

  constructor(records: readonly BootRecord[]) {
    this.records = records;
    for (const record of records) {
      keepNewest(this.#byMac, record.mac, record);
      if (record.serial.length === SERIAL_DIGITS) keepNewest(this.#bySerial, record.serial, record);
      else if (record.serial !== '') this.#others.push(record);
    }
  }

  newestOf(board: Board): BootRecord | undefined {
    if (this.records.length === 0) return undefined;
    let newest = this.#bySerial.get(board.serial.toLowerCase().slice(-SERIAL_DIGITS));
    if (newest !== undefined && !isBoardOf(newest, board)) newest = undefined;
    for (const mac of board.macAddresses) newest = newer(newest, mac === '' ? undefined : this.#byMac.get(mac));
    for (const other of this.#others) if (isBoardOf(other, board)) newest = newer(newest, other);
    return newest;
  }
}

function keepNewest(records: Map<string, BootRecord>, key: string, record: BootRecord): void {
  if (key !== '' && newer(records.get(key), record) === record) records.set(key, record);
}

/** Of two that were seen last at the same moment the first one counts. */
function newer(a: BootRecord | undefined, b: BootRecord | undefined): BootRecord | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.seenMs > a.seenMs ? b : a;
}
