import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect } from 'vitest';
import type { CommandView } from '../../proto/contract/api/fleet.js';
import { CONTROL, type Site, UNITS } from './site.js';

const SETTLED = ['succeeded', 'failed', 'rejected', 'lapsed', 'unknown'];
const SETTLE_MS_MAX = 120_000;

/** Issues restarts as fast as they are accepted, in spite of everything, until stopped. */
export function commandsFlow(site: Site): { readonly issued: CommandView[]; stop(): Promise<void> } {
  const issued: CommandView[] = [];
  let isOver = false;
  const flow = async (): Promise<void> => {
    for (let count = 0; !isOver; count++) {
      const unit = UNITS[count % UNITS.length] ?? '';
      try {
        const [node] = await site.api.nodes();
        if (node === undefined) throw new Error('not enrolled yet');
        const create = { action: { kind: 'restart-unit', unit }, reason: 'chaos', validForMs: 120_000 } as const;
        issued.push(await site.api.issueCommand(node.id, create));
      } catch {
        // The controller is down, or died with the answer on its lips: the flow goes on.
      }
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
  };
  const flowing = flow();
  return {
    issued,
    stop: async () => {
      isOver = true;
      await flowing;
    },
  };
}

/** All commands that the controller knows, once each has come to an end. */
export async function settled(site: Site): Promise<readonly CommandView[]> {
  const endsAt = performance.now() + SETTLE_MS_MAX;
  for (;;) {
    const commands = readCommands(site);
    const open = commands.filter(({ state }) => !SETTLED.includes(state));
    if (open.length === 0) return commands;
    if (performance.now() > endsAt) throw new Error(`still open: ${JSON.stringify(open.slice(0, 5))}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

type Row = Pick<CommandView, 'id' | 'state' | 'action'>;

function readCommands(site: Site): readonly CommandView[] {
  const db = new Database(join(site.dir, 'data', 'bramble.db'), { readonly: true });
  try {
    const rows = db.prepare('SELECT id, state, action FROM command').all() as {
      id: string;
      state: string;
      action: string;
    }[];
    return rows.map((row) => ({ ...row, action: JSON.parse(row.action) }) as Row as CommandView); // the columns that are read
  } finally {
    db.close();
  }
}

/** No restart happened twice: a unit started as often as commands for it succeeded, or may have. */
export function expectOncePerCommand(site: Site, commands: readonly CommandView[]): void {
  for (const unit of UNITS) {
    const mine = commands.filter(({ action }) => action.kind === 'restart-unit' && action.unit === unit);
    const succeeded = mine.filter(({ state }) => state === 'succeeded').length;
    const perhaps = mine.filter(({ state }) => state === 'unknown' || state === 'failed').length;
    const restarts = site.starts(unit) - site.starts(CONTROL);
    expect(restarts, unit).toBeLessThanOrEqual(succeeded + perhaps);
  }
}

export interface Kept {
  readonly integrity: string;
  /** Sequences of agent events, ascending. */
  readonly sequences: readonly number[];
  readonly duplicates: number;
}

/** What is on the controller's disk. */
export function kept(site: Site): Kept {
  const db = new Database(join(site.dir, 'data', 'bramble.db'), { readonly: true });
  try {
    const sequences = (
      db.prepare('SELECT sequence FROM agent_event ORDER BY sequence').all() as { sequence: number }[]
    ).map(({ sequence }) => sequence);
    return {
      integrity: String(db.pragma('integrity_check', { simple: true })),
      sequences,
      duplicates: sequences.length - new Set(sequences).size,
    };
  } finally {
    db.close();
  }
}
