import { BrambleError } from '../../proto/contract/errors.js';
import type { CommandId, NodeId } from '../../proto/contract/ids.js';
import type { UploadOrder, UploadSink, UploadWriter } from './upload-sink.js';

/** Whose command it is, when its upload is awaited. */
export type FindAwaited = (id: CommandId) => Promise<NodeId | undefined>;

/** Takes what was asked for and nothing else: a node uploads under commands of its own that want an upload now. */
export class AskedUploads implements UploadSink {
  readonly #inner: UploadSink;
  readonly #findAwaited: FindAwaited;

  constructor(inner: UploadSink, findAwaited: FindAwaited) {
    this.#inner = inner;
    this.#findAwaited = findAwaited;
  }

  /** @throws BrambleError `permission-denied`, the same whether the command is another node's, over, or none at all */
  async open(order: UploadOrder): Promise<UploadWriter> {
    if ((await this.#findAwaited(order.commandId)) === order.nodeId) return this.#inner.open(order);
    throw new BrambleError('permission-denied', 'no open command of this node asks for an upload');
  }
}
