import type { CommandId, NodeId } from '../../proto/contract/ids.js';

export interface UploadOrder {
  readonly nodeId: NodeId;
  readonly commandId: CommandId;
  /** Plain file name, checked. */
  readonly name: string;
  /** Exact size that will be written. */
  readonly sizeBytes: number;
}

/** One upload that is being stored. Either finish() or abandon() ends it. */
export interface UploadWriter {
  write(bytes: Uint8Array): Promise<void>;
  /** Durable under its name when it resolves. */
  finish(): Promise<void>;
  /** Leaves nothing behind. Never throws. */
  abandon(): Promise<void>;
}

/** Where uploads go. */
export interface UploadSink {
  /** @throws BrambleError `resource-exhausted` when the node has no room left, `already-exists` for a name that it used */
  open(order: UploadOrder): Promise<UploadWriter>;
}
