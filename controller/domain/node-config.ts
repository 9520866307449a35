import { BrambleError } from '../../proto/contract/errors.js';
import type { NodeId } from '../../proto/contract/ids.js';
import type { NodeConfig } from '../../proto/contract/node-config/config.js';
import type { Node } from './node.js';

/** One revision of what a node should be. Never changes once written: going back makes a new one. */
export interface NodeConfigRecord {
  readonly nodeId: NodeId;
  /** Ascends per node, with gaps. */
  readonly revision: number;
  /** The one that counted before; 0 = none. */
  readonly previousRevision: number;
  readonly config: NodeConfig;
  readonly atMs: number;
  readonly actor: string;
  readonly reason: string;
}

export interface ConfigWish {
  readonly config: NodeConfig;
  /** The revision that whoever asks has seen as the newest; 0 = none. */
  readonly expectedRevision: number;
  readonly reason: string;
}

export interface ConfigChange extends ConfigWish {
  readonly actor: string;
}

/** What is known when a config is changed. */
export interface ConfigSituation {
  readonly node: Node;
  readonly newest: NodeConfigRecord | undefined;
  /** By the node's own word: after a restored backup it may be ahead of what is stored. */
  readonly revisionReached: number;
  readonly nowMs: number;
}

/**
 * The next revision of a node's config.
 * @throws BrambleError `failed-precondition`: the node is revoked, or somebody else has changed the config meanwhile
 */
export function nextConfig(change: ConfigChange, situation: ConfigSituation): NodeConfigRecord {
  const { node, newest, revisionReached, nowMs } = situation;
  if (node.lifecycle === 'revoked') {
    throw new BrambleError('failed-precondition', `node ${node.id} is revoked`, {
      hint: 'a revoked node is never configured again; enrol it anew',
    });
  }
  const current = newest?.revision ?? 0;
  if (change.expectedRevision !== current) {
    const who = newest === undefined ? 'there is none' : `${newest.actor} made revision ${current}`;
    throw new BrambleError(
      'failed-precondition',
      `the config is not the one you have seen: ${who}, you expected revision ${change.expectedRevision}`,
      { hint: 'read it again, and look at the difference' },
    );
  }
  const { config, reason, actor } = change;
  const revision = Math.max(node.desiredRevision, current, revisionReached) + 1;
  return { nodeId: node.id, revision, previousRevision: current, config, atMs: nowMs, actor, reason };
}
