import { BrambleError } from '../../../proto/contract/errors.js';
import { makeBtrfsDriver } from './drivers/btrfs.js';
import { makeCopyDriver } from './drivers/copy.js';
import type { Ext4VolumeOptions } from './drivers/ext4-volumes.js';
import { makeLvmThinDriver, type ThinPool } from './drivers/lvm-thin.js';
import { makeReflinkDriver } from './drivers/reflink.js';
import type { DriverName, RootDriver } from './ports.js';

export interface DriverChoice extends Ext4VolumeOptions {
  /** `auto`: the first that can be used here. */
  readonly wanted: DriverName | 'auto';
  /** `undefined` = there is none to be used. */
  readonly thin: ThinPool | undefined;
}

/** Snapshots before files that are mounted, of which there are some per board; the one that always works last. */
const ORDER: readonly DriverName[] = ['lvm-thin', 'btrfs', 'reflink', 'copy'];

/** @throws BrambleError `failed-precondition` with why the one that is wanted cannot be used */
export async function chooseDriver(choice: DriverChoice, signal: AbortSignal): Promise<RootDriver> {
  const names = choice.wanted === 'auto' ? ORDER : [choice.wanted];
  const reasons: string[] = [];
  for (const name of names) {
    const driver = makeDriver(name, choice);
    const why = driver === undefined ? 'no thin pool is named' : await whyNot(driver, signal);
    if (driver !== undefined && why === undefined) return driver;
    reasons.push(`${name}: ${why}`);
  }
  throw new BrambleError('failed-precondition', `roots cannot be kept in ${choice.pool}: ${reasons.join('; ')}`);
}

async function whyNot(driver: RootDriver, signal: AbortSignal): Promise<string | undefined> {
  try {
    return await driver.probe(signal);
  } catch (thrown) {
    const { code, message } = BrambleError.from(thrown);
    if (code === 'unsupported') return message; // its program is not installed
    throw thrown;
  }
}

function makeDriver(name: DriverName, choice: DriverChoice): RootDriver | undefined {
  switch (name) {
    case 'lvm-thin':
      return choice.thin && makeLvmThinDriver(choice, choice.thin);
    case 'btrfs':
      return makeBtrfsDriver(choice);
    case 'reflink':
      return makeReflinkDriver(choice);
    case 'copy':
      return makeCopyDriver(choice);
  }
}
