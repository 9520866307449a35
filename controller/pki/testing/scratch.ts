import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Clock } from '../../../proto/contract/clock.js';
import { type NodeId, nodeId, siteId } from '../../../proto/contract/ids.js';
import { type Random, seededRandom } from '../../../proto/contract/random.js';
import { type OpenedAuthority, openAuthority } from '../authority.js';

/** A directory that goes away with the test. */
export function scratchDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'bramble-pki-'));
  onTestFinished(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  return dir;
}

/** A clock that is set by hand. */
export class HandClock implements Clock {
  wallMs: number;
  uptimeMs = 0;

  constructor(wallMs = Date.UTC(2026, 10, 21)) {
    this.wallMs = wallMs;
  }

  nowMs(): number {
    return this.wallMs;
  }

  monotonicMs(): number {
    return this.uptimeMs;
  }

  /** Lets time pass on both. */
  pass(ms: number): void {
    this.wallMs += ms;
    this.uptimeMs += ms;
  }
}

export const testRandom = (seed = 1): Random => seededRandom(seed);

export async function testAuthority(
  over: { readonly dir?: string; readonly clock?: Clock; readonly fleetId?: string } = {},
): Promise<OpenedAuthority> {
  return await openAuthority({
    dir: over.dir ?? scratchDir(),
    clock: over.clock ?? new HandClock(),
    random: testRandom(),
    ...(over.fleetId === undefined ? {} : { fleetId: over.fleetId }),
  });
}

export const NODE_1: NodeId = nodeId('n-0000000000001');
export const LAB = siteId('lab');
