import type { NodeKind } from '../../../proto/contract/ids.js';
import { type Board, NodeKind as WireKind } from '../../../proto/gen/bramble/agent/v1/node.js';
import { readBoard } from '../collectors/board.js';
import { readBootId } from '../collectors/boot.js';
import type { KernelFiles } from '../host/ports.js';

/** What a node says about itself when it meets a controller. */
export interface NodeDescription {
  readonly kind: WireKind;
  readonly board: Board;
  readonly hostname: string;
  /** Empty when the kernel does not tell. */
  readonly bootId: string;
}

const WIRE_KIND = {
  pi: WireKind.PI,
  fileserver: WireKind.FILESERVER,
  switch: WireKind.SWITCH,
} as const satisfies Record<NodeKind, WireKind>;

export function describeNode(kind: NodeKind, kernel: KernelFiles): NodeDescription {
  const { model, serial, macs } = readBoard(kernel);
  return {
    kind: WIRE_KIND[kind],
    board: { model: model ?? '', serial: serial ?? '', macAddresses: macs.map(({ mac }) => mac) },
    hostname: kernel.readText('/proc/sys/kernel/hostname')?.trim() ?? '',
    bootId: readBootId(kernel) ?? '',
  };
}
