import { BrambleError } from '../../../proto/contract/errors.js';
import { makeBtrfsDriver } from './drivers/btrfs.js';
import { type FolderDriverOptions, makeCopyingDriver } from './drivers/copying.js';
import { type LvmThinOptions, makeLvmThinDriver } from './drivers/lvm-thin.js';
import type { DriverName, RootDriver } from './ports.js';

export interface DriverChoice extends FolderDriverOptions {
  /** `auto`: the first that can be used here. */
  readonly wanted: DriverName | 'auto';
  /** Of the thin pool; `undefined` = there is none to be used. */
  readonly thin: Pick<LvmThinOptions, 'group' | 'thinPool'> | undefined;
  readonly mount: LvmThinOptions['mount'];
}

/** The most isolated first, the one that always works last. */
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
      return choice.thin && makeLvmThinDriver({ ...choice, ...choice.thin });
    case 'btrfs':
      return makeBtrfsDriver(choice);
    case 'reflink':
    case 'copy':
      return makeCopyingDriver(name, choice);
  }
}
