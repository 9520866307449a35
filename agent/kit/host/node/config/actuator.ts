import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigApplier } from '../../../node-config/applier.js';
import type { ConfigActuator, ConfigAllowance } from '../../../node-config/machine.js';
import { UndoStore } from '../../../node-config/undo-record.js';
import { makeNodeFiles } from '../files.js';
import { lockFile } from '../lock-file.js';
import { makeNodeConfigMachine, type NodeMachineOptions } from './machine.js';

/** Root's own directory: whoever could write it could write every file that a config manages. */
const UNDO_PATH = '/var/lib/bramble-agent-helper/config-undo.json';
const LOCK_PATH = '/run/bramble-agent/config.lock';

export interface HeldConfigActuator extends ConfigActuator {
  /** Lets others work; the end of the process does the same. */
  close(): void;
}

/**
 * Node configs on this machine. Holds a lock until the process ends: a helper that hangs on a file server must not come
 * back to life in the middle of the next one's work.
 * @throws BrambleError `unavailable` while another one works, `unsupported` without flock(1)
 */
export async function makeNodeConfigActuator(
  options: NodeMachineOptions,
  allowance: ConfigAllowance,
): Promise<HeldConfigActuator> {
  const held = await lockFile(join(options.root, LOCK_PATH), 'a config');
  const applier = new ConfigApplier({
    machine: makeNodeConfigMachine(options),
    undo: new UndoStore(makeNodeFiles(), join(options.root, UNDO_PATH)),
    allowance,
  });
  return {
    apply: (revision, config) => applier.apply(revision, config),
    check: (config) => applier.check(config),
    confirm: (revision) => applier.confirm(revision),
    undo: () => applier.undo(),
    close: () => {
      closeSync(held);
    },
  };
}
