import { BrambleError } from '../../../proto/contract/errors.js';
import type { Exec } from '../host/ports.js';
import { runProgram } from './drivers/programs.js';
import { BOOT_TREE, ROOT_TREE } from './layout.js';
import type { ImageSource, PoolFiles } from './ports.js';

/**
 * Images that root has put on the fileserver as folders: "incoming/NAME/root" and "incoming/NAME/boot" below the pool. Nobody
 * else can write there.
 */
export function makeFolderImages(options: {
  readonly exec: Exec;
  readonly files: PoolFiles;
  readonly pool: string;
}): ImageSource {
  const { exec, files, pool } = options;
  return {
    materialise: async (image, target, signal) => {
      const folder = `${pool}/incoming/${image}`;
      const there = await files.list(folder);
      if (![ROOT_TREE, BOOT_TREE].every((tree) => there.includes(tree))) {
        throw new BrambleError('not-found', `there is no image ${image} on this fileserver`, {
          hint: `put its trees into ${folder}/root and ${folder}/boot`,
        });
      }
      await runProgram(exec, ['cp', '--archive', '--reflink=auto', '--', `${folder}/.`, target], signal);
    },
  };
}
