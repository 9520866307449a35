import { clientName, type OverlayClient } from './network.js';
import { type GatewayPolicy, renderGatewayPolicy } from './policy.js';
import { GATEWAY_FILES, type GatewayConfig, renderClientFile, renderGatewayConfig } from './server-config.js';
import { renderShaping, type ShapedSite } from './shaping.js';

/** Everything of a gateway that is text and no secret, and how it differs from what is on disk. */

/** Content by path below the gateway's folder. */
export type FolderFiles = ReadonlyMap<string, string>;

export function renderFolder(
  config: GatewayConfig,
  policy: GatewayPolicy,
  clients: readonly OverlayClient[],
  shaped: readonly ShapedSite[] = [],
): FolderFiles {
  const files = new Map<string, string>([
    [GATEWAY_FILES.config, renderGatewayConfig(config)],
    [GATEWAY_FILES.policy, renderGatewayPolicy(policy)],
    [GATEWAY_FILES.shaping, renderShaping(config.device, shaped)],
  ]);
  for (const client of clients) {
    files.set(clientPath(client.nodeId), renderClientFile(client, config.overlay, config.gateway));
  }
  return files;
}

export function clientPath(nodeId: string): string {
  return `${GATEWAY_FILES.clients}/${clientName(nodeId)}`;
}

export interface FolderChange {
  readonly path: string;
  readonly kind: 'add' | 'change' | 'remove';
  /** `undefined` for what is removed. */
  readonly content: string | undefined;
  /** Lines that differ, "-" before those on disk and "+" before those wanted. */
  readonly lines: readonly string[];
}

/** What has to be written and removed, by path. @param onDisk of the same paths, and files of clients that are none now */
export function diffFolder(wanted: FolderFiles, onDisk: FolderFiles): readonly FolderChange[] {
  const changes: FolderChange[] = [];
  for (const [path, content] of wanted) {
    const there = onDisk.get(path);
    if (there === content) continue;
    changes.push({ path, kind: there === undefined ? 'add' : 'change', content, lines: linesApart(there, content) });
  }
  for (const [path, there] of onDisk) {
    if (wanted.has(path)) continue;
    changes.push({ path, kind: 'remove', content: undefined, lines: linesApart(there, undefined) });
  }
  return changes.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** Without order: these files are lists of options, and a line that moved says the same. */
function linesApart(before: string | undefined, after: string | undefined): readonly string[] {
  const linesOf = (text: string | undefined): readonly string[] =>
    (text ?? '').split('\n').filter((line) => line !== '');
  const [old, fresh] = [new Set(linesOf(before)), new Set(linesOf(after))];
  return [
    ...[...old].filter((line) => !fresh.has(line)).map((line) => `-${line}`),
    ...[...fresh].filter((line) => !old.has(line)).map((line) => `+${line}`),
  ];
}
