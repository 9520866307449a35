import type { SagaTarget } from '../../domain/provisioning/saga.js';
import type { NodeEntry, NodeTable } from '../node-table.js';

/** The agents that a saga works with; `undefined` = nobody of this name is enrolled. */
export interface SagaAgents {
  readonly fileserver: NodeEntry | undefined;
  readonly switch: NodeEntry | undefined;
}

export function agentsFor(
  nodes: Pick<NodeTable, 'all'>,
  { fileserver, plug }: Pick<SagaTarget, 'fileserver' | 'plug'>,
): SagaAgents {
  const find = (kind: string, name: string): NodeEntry | undefined => {
    for (const entry of nodes.all()) {
      if (entry.node.kind === kind && entry.node.name === name && entry.node.lifecycle === 'enrolled') return entry;
    }
    return undefined;
  };
  return { fileserver: find('fileserver', fileserver), switch: find('switch', plug.switch) };
}

/** Why a step that needs these agents cannot be begun; `undefined` = it can. */
export function absence(
  { fileserver, switch: power }: SagaAgents,
  needs: 'fileserver' | 'switch' | 'both' | 'nobody',
  { fileserver: fileserverName, plug }: Pick<SagaTarget, 'fileserver' | 'plug'>,
): string | undefined {
  const isOnline = (entry: NodeEntry | undefined): boolean => entry?.session !== undefined && !entry.session.isOver;
  const asks = (one: 'fileserver' | 'switch'): boolean => needs === one || needs === 'both';
  if (asks('fileserver') && !isOnline(fileserver)) return `fileserver ${fileserverName} is not connected`;
  return asks('switch') && !isOnline(power) ? `switch ${plug.switch} is not connected` : undefined;
}
