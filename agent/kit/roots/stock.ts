import type { BootStock, CurrentRoot, SharedImage } from '../../../proto/contract/netboot/boot-plan.js';
import type { HeldBoards } from './held.js';
import type { ImageBase } from './image-base.js';
import { generationVolume, imageVolume, keptVolume } from './layout.js';
import type { RootDriver } from './ports.js';
import type { RootKeeper } from './root-keeper.js';

export interface StockOptions {
  readonly pool: string;
  readonly keeper: RootKeeper;
  readonly images: ImageBase;
  readonly driver: Pick<RootDriver, 'isMounted'>;
  readonly held: Pick<HeldBoards, 'list'>;
}

/** What there is to boot from. A generation that is not complete is as if it were not there, whatever names it. */
export async function takeStock(options: StockOptions, signal: AbortSignal): Promise<BootStock> {
  const { pool, keeper, images, driver, held } = options;
  const mountPoint = (volume: string): string | undefined => (driver.isMounted ? `${pool}/${volume}` : undefined);
  const roots = new Map<string, CurrentRoot>();
  const [holds, closed] = [await held.list(), new Set<string>()];
  for (const { serial, current, generations } of await keeper.list()) {
    const record = generations.find(({ generation }) => generation === current);
    if (record === undefined) continue;
    if (holds.some((each) => each.serial === serial && each.generation === current)) closed.add(serial);
    const kept = await keeper.kept(serial);
    roots.set(serial, {
      fsid: record.fsid,
      mountPoint: mountPoint(generationVolume(serial, record.generation)),
      volumes: kept.map((name) => ({
        name,
        fsid: volumeFsid(serial, name),
        mountPoint: mountPoint(keptVolume(serial, name)),
      })),
    });
  }
  const shared = new Map<string, SharedImage>();
  for (const image of await images.list()) {
    const found = await images.find(image, signal);
    if (found === undefined) continue;
    const bootNames = await images.bootNames(image);
    shared.set(image, { fsid: found.fsid, mountPoint: mountPoint(imageVolume(image)), bootNames });
  }
  return { roots, images: shared, held: closed };
}

/** Always the same for the same volume: it outlives roots, and handles of it stay good. */
function volumeFsid(serial: string, name: 'state' | 'data'): string {
  return `${serial}-b0a5-4d00-8000-${name === 'state' ? '000000000001' : '000000000002'}`;
}
