import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BrambleError } from '../../../../../proto/contract/errors.js';
import { ConfigApplier } from '../../../node-config/applier.js';
import type { ConfigActuator, ConfigAllowance } from '../../../node-config/machine.js';
import { UndoStore } from '../../../node-config/undo-record.js';
import { makeNodeFiles } from '../files.js';
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
  const held = await lock(join(options.root, LOCK_PATH));
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

/**
 * flock(1) locks the open file that it inherits, and the lock stays with us when it ends: with the process it goes, by
 * whatever death. Source: flock(1), flock(2). The file is on /run, never on a file server.
 */
async function lock(path: string): Promise<number> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const descriptor = openSync(path, 'a', 0o600);
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      const child = spawn('flock', ['--nonblock', '3'], { stdio: ['ignore', 'ignore', 'ignore', descriptor] });
      child.on('error', (cause) => {
        reject(new BrambleError('unsupported', 'this machine has no flock program (util-linux)', { cause }));
      });
      child.on('exit', resolve);
    });
    if (status === 0) return descriptor;
    throw new BrambleError('unavailable', 'another helper works on a config right now');
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}
