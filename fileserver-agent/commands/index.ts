import { type ActionPolicy, hostHandlers } from '../../agent/kit/actions/index.js';
import { makeReboot } from '../../agent/kit/actions/reboot.js';
import type { Handlers } from '../../agent/kit/command/handler.js';
import type { BootLoops } from '../boot/boot-loops.js';
import { type AskedImages, makePullImage, makeRemoveImage } from './images.js';
import { makeRaidReplace } from './raid-replace.js';
import { guardReboot } from './raid-safe-reboot.js';
import { makeRaidScrub } from './raid-scrub.js';
import { makeRootMailbox } from './root-mailbox.js';
import { makeBootPathRepair, makeRootActivate, makeRootPrepare, makeRootRemove, makeRootRollBack } from './roots.js';

/** What a fileserver can be told to do: one entry per action of the contract. */
export function fileserverHandlers(policy: ActionPolicy, images: AskedImages, loops?: BootLoops): Handlers {
  return {
    ...hostHandlers(policy),
    reboot: guardReboot(makeReboot()),
    raidReplace: makeRaidReplace(),
    raidScrub: makeRaidScrub(),
    rootPrepare: makeRootPrepare(),
    rootActivate: makeRootActivate(loops),
    rootRollBack: makeRootRollBack(loops),
    rootRemove: makeRootRemove(),
    bootPathRepair: makeBootPathRepair(),
    rootMailbox: makeRootMailbox(),
    pullImage: makePullImage(images),
    removeImage: makeRemoveImage(images),
  };
}
