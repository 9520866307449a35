import { BootApplier, type BootServices } from './boot-applier.js';
import type { BootPaths } from './boot-paths.js';
import { HeldBoards } from './held.js';
import { HourlyLimit, type HourlyLimitOptions } from './hourly-limit.js';
import { ImageBase } from './image-base.js';
import { newFsid } from './personalise.js';
import type { ImageSource, PoolFiles, RootDriver, Uniqueness } from './ports.js';
import { RootKeeper } from './root-keeper.js';
import { RootMailbox } from './root-mailbox.js';
import { takeStock } from './stock.js';

export interface FileserverRootsOptions {
  readonly paths: BootPaths;
  readonly files: PoolFiles;
  readonly driver: RootDriver;
  readonly source: ImageSource;
  readonly unique: Uniqueness;
  readonly services: BootServices;
  /** Hexadecimal, of any text. */
  readonly digest: (text: string) => string;
  readonly limit: Pick<HourlyLimitOptions, 'perHour' | 'now'>;
}

/** Roots, images and the boot path of one fileserver, joined: a change of a root is published at once. */
export interface FileserverRoots {
  readonly driver: RootDriver;
  readonly images: ImageBase;
  readonly keeper: RootKeeper;
  readonly boot: BootApplier;
  readonly held: HeldBoards;
  readonly mailbox: RootMailbox;
  readonly limit: HourlyLimit;
}

export function makeFileserverRoots(options: FileserverRootsOptions): FileserverRoots {
  const { paths, files, driver, source, unique, services, digest } = options;
  const { pool } = paths;
  const held = new HeldBoards(files, pool);
  const images = new ImageBase({ pool, files, driver, source, newFsid: () => newFsid(unique) });
  const publish = async (signal: AbortSignal): Promise<void> => {
    await boot.publish(signal);
  };
  const keeper = new RootKeeper({ pool, files, driver, images, unique, publish });
  const boot: BootApplier = new BootApplier({
    paths,
    files,
    services,
    digest,
    stock: (signal) => takeStock({ pool, keeper, images, driver, held }, signal),
  });
  const mailbox = new RootMailbox({ pool, files, keeper, boot });
  const limit = new HourlyLimit({ ...options.limit, files, pool });
  return { driver, images, keeper, boot, held, mailbox, limit };
}
