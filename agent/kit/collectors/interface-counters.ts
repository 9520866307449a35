import { BrambleError } from '../../../proto/contract/errors.js';
import { wholeNumber } from './sample.js';

/** Since the interface came up. */
export interface InterfaceCounters {
  readonly name: string;
  readonly receivedBytes: number;
  readonly receiveErrors: number;
  /** Includes frames that the hardware had no room for (rx_missed_errors). */
  readonly receiveDrops: number;
  readonly transmittedBytes: number;
  readonly transmitErrors: number;
  readonly transmitDrops: number;
}

const COLUMNS = 16;

/**
 * Parses /proc/net/dev: all counters of all interfaces in one read, where sysfs needs one per counter.
 * Source: proc_pid_net(5); Linux net/core/net-procfs.c, dev_seq_printf_stats().
 * @throws BrambleError `data-loss` for a line cut short.
 */
export function parseNetDev(text: string): readonly InterfaceCounters[] {
  const lines = text.split('\n');
  const isWhole = lines.length > 2 && lines.at(-1) === '' && lines[1]?.includes('|bytes') === true;
  if (!isWhole) throw new BrambleError('data-loss', '/proc/net/dev: cut short or of another form');
  return lines.slice(2, -1).map(parseLine);
}

function parseLine(line: string): InterfaceCounters {
  const colon = line.indexOf(':');
  const name = line.slice(0, colon).trimStart();
  const numbers = line
    .slice(colon + 1)
    .trim()
    .split(/ +/);
  if (name === '' || colon < 0 || numbers.length !== COLUMNS) {
    throw new BrambleError('data-loss', `/proc/net/dev: a line of another form: ${JSON.stringify(line.slice(0, 80))}`);
  }
  const at = (index: number): number => wholeNumber(numbers[index], '/proc/net/dev');
  return {
    name,
    receivedBytes: at(0),
    receiveErrors: at(2),
    receiveDrops: at(3),
    transmittedBytes: at(8),
    transmitErrors: at(10),
    transmitDrops: at(11),
  };
}
