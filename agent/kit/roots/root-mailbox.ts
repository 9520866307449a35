import { BrambleError } from '../../../proto/contract/errors.js';
import { gateOf } from '../../../proto/contract/netboot/boot-plan.js';
import { rootSerialOf } from '../../../proto/contract/netboot/boot-set.js';
import {
  ANSWER_FILE,
  type MailboxAnswer,
  type MailboxRequest,
  parseMailboxAnswer,
  REQUEST_FILE,
  renderMailboxRequest,
} from '../../../proto/contract/netboot/mailbox.js';
import type { BootApplier } from './boot-applier.js';
import { generationVolume, ROOT_TREE } from './layout.js';
import type { PoolFiles } from './ports.js';
import type { RootKeeper } from './root-keeper.js';

/** Only the board's root user and this fileserver may. */
const MODE = 0o600;

interface RootMailboxOptions {
  readonly pool: string;
  readonly files: Pick<PoolFiles, 'openTree'>;
  readonly keeper: Pick<RootKeeper, 'look' | 'recover'>;
  readonly boot: Pick<BootApplier, 'applied' | 'stock'>;
}

/**
 * The mailbox in the root that a board runs from. Its system is alive and may be anybody's: names are opened as in a tree that
 * nobody trusts, and what it wrote is a few words at most.
 */
export class RootMailbox {
  readonly #options: RootMailboxOptions;

  constructor(options: RootMailboxOptions) {
    this.#options = options;
  }

  /** In the place of a request that is still there. @throws BrambleError `failed-precondition` for a board without a root of ours */
  async leave(serial: string, request: MailboxRequest, signal: AbortSignal): Promise<void> {
    const { files, keeper } = this.#options;
    const root = await this.#rootOf(serial, signal);
    await keeper.recover(root, signal); // after a start of this machine a volume may not be at its place yet
    const tree = await files.openTree(await this.#treeOf(root));
    try {
      await tree.write({ path: REQUEST_FILE.slice(1), text: renderMailboxRequest(request), mode: MODE });
    } finally {
      await tree.close();
    }
  }

  /** `undefined`: it never said anything, or nothing that is an answer. */
  async answer(serial: string, signal: AbortSignal): Promise<MailboxAnswer | undefined> {
    const tree = await this.#options.files.openTree(await this.#treeOf(await this.#rootOf(serial, signal)));
    try {
      return parseMailboxAnswer(await tree.read(ANSWER_FILE.slice(1)));
    } finally {
      await tree.close();
    }
  }

  /** A board that is served a system which it shares, or nothing, does not look into the root that is kept for it. */
  async #rootOf(serial: string, signal: AbortSignal): Promise<string> {
    const { boot } = this.#options;
    const set = await boot.applied();
    const port = set?.ports.find(({ board }) => board?.serial === serial);
    const gate = set && port && gateOf(set, port, await boot.stock(signal));
    if (gate?.kind === 'root' || gate?.kind === 'held') return rootSerialOf(gate.board);
    const why =
      gate === undefined ? 'no port of this fileserver is its' : gate.kind === 'closed' ? gate.why : 'it shares one';
    throw new BrambleError('failed-precondition', `board ${serial} has no root of its own here: ${why}`);
  }

  async #treeOf(root: string): Promise<string> {
    const { pool, keeper } = this.#options;
    const { current } = await keeper.look(root);
    if (current !== undefined) return `${pool}/${generationVolume(root, current)}/${ROOT_TREE}`;
    throw new BrambleError('failed-precondition', `board ${root} is served no root`);
  }
}
