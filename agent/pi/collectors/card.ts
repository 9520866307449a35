import type { Collector } from '../../kit/collect/collector.js';
import { noData, ok } from '../../kit/collect/collector.js';
import { listNumbered, readCount, readLine } from '../../kit/collectors/kernel-line.js';
import { Samples } from '../../kit/collectors/sample.js';
import type { KernelFiles } from '../../kit/host/ports.js';
import { makerName } from './card-makers.js';

const SECTOR_BYTES = 512;
/** Beyond the estimated life, as card_life_used_permille carries it. */
const BEYOND_LIFE_PERMILLE = 1_001;

/**
 * Used up part of an eMMC chip's life from `life_time`: two estimates, for its two types of memory; the worse one counts, and
 * of its tenth the upper end, 1/1000. `undefined` where neither says anything (0x00), and for anything of another form.
 * Sources: Linux Documentation/ABI/testing/sysfs-bus-mmc, drivers/mmc/core/mmc.c; JESD84-B51, DEVICE_LIFE_TIME_EST_TYP_A.
 */
export function parseLifeTime(line: string): number | undefined {
  const found = /^0x([\da-f]{1,2}) 0x([\da-f]{1,2})$/i.exec(line);
  if (found === null) return undefined;
  const estimates = found.slice(1).map((hex) => Number.parseInt(hex, 16));
  const worst = Math.max(...estimates.filter((estimate) => estimate <= 0x0b)); // the rest is reserved
  if (worst <= 0) return undefined; // -Infinity when there is none
  return worst === 0x0b ? BEYOND_LIFE_PERMILLE : worst * 100;
}

/** PRE_EOL_INFO of an eMMC chip: 1 normal, 2 80 % of the reserve used, 3 90 %. Source: JESD84-B51. */
export function parsePreEol(line: string): number | undefined {
  const [, digit] = /^0x0?([123])$/.exec(line) ?? [];
  return digit === undefined ? undefined : Number(digit);
}

/** The number behind "0x": manfid and its like. */
function parseHex(line: string | undefined): number | undefined {
  return line !== undefined && /^0x[\da-f]{1,8}$/i.test(line) ? Number(line) : undefined;
}

/** What the CID register says is written by the maker, and some write nonsense: only what is plain text is passed on. */
function printable(line: string | undefined): string | undefined {
  const text = line?.trim();
  return text !== undefined && /^[\x20-\x7e]{1,64}$/.test(text) ? text : undefined;
}

/** Cards may be changed while the system runs, and an estimate of life moves by tenths. */
const SURVEY_MS = 600_000;

/** Identity and wear of SD cards and eMMC chips. An SD card does not tell how worn it is. Source: Linux ABI/testing/sysfs-bus-mmc. */
export function makeCardCollector(): Collector {
  return {
    name: 'card',
    intervalMs: SURVEY_MS,
    timeoutMs: 5_000,
    collect({ kernel }) {
      const samples = new Samples();
      // Boot and replay-protected areas (mmcblk0boot0, mmcblk0rpmb) are parts of a chip, not chips.
      for (const name of listNumbered(kernel, '/sys/block', 'mmcblk')) addCard(samples, kernel, name);
      return samples.list.length === 0 ? noData('no SD card and no eMMC chip') : ok(samples.list);
    },
  };
}

function addCard(samples: Samples, kernel: KernelFiles, name: string): void {
  const attribute = (file: string): string | undefined => readLine(kernel, `/sys/block/${name}/device/${file}`);
  const kind = printable(attribute('type'));
  const maker = parseHex(attribute('manfid'));
  const serial = attribute('serial');
  const made = attribute('date');
  const sectors = readCount(kernel, `/sys/block/${name}/size`);
  samples.text('card_name_text', printable(attribute('name')), name);
  samples.text('card_maker_text', maker === undefined ? undefined : makerName(kind, maker), name);
  samples.text('card_serial_text', parseHex(serial) === undefined ? undefined : serial, name);
  samples.text('card_made_text', made !== undefined && /^(0[1-9]|1[0-2])\/\d{4}$/.test(made) ? made : undefined, name);
  samples.text('card_kind_text', kind, name);
  samples.number('card_size_bytes', sectors === undefined ? undefined : sectors * SECTOR_BYTES, name);
  samples.number('card_life_used_permille', parseLifeTime(attribute('life_time') ?? ''), name);
  samples.number('card_reserve_state', parsePreEol(attribute('pre_eol_info') ?? ''), name);
}
