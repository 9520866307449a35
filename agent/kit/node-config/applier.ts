import { BrambleError } from '../../../proto/contract/errors.js';
import type { NodeConfig } from '../../../proto/contract/node-config/config.js';
import { parseNodeConfig } from '../../../proto/contract/node-config/parse.js';
import { allowanceProblems } from './allowance.js';
import type { ConfigActuator, ConfigAllowance, ConfigMachine } from './machine.js';
import { lookAt, planSteps } from './plan.js';
import { inverse, type Step, tellStep } from './steps.js';
import type { UndoStore } from './undo-record.js';

export interface ApplierOptions {
  readonly machine: ConfigMachine;
  readonly undo: UndoStore;
  readonly allowance: ConfigAllowance;
}

/**
 * Puts configs in place, all or nothing. Before the first change everything that will change is on storage; what fails or
 * is cut off in the middle is taken back from there, by this process or by the next one.
 */
export class ConfigApplier implements ConfigActuator {
  readonly #options: ApplierOptions;

  constructor(options: ApplierOptions) {
    this.#options = options;
  }

  async apply(revision: number, given: NodeConfig): Promise<readonly string[]> {
    const { undo } = this.#options;
    const config = this.#checked(given);
    await this.undo(); // nobody confirmed it, and two to take back would be one too many
    const steps = await this.#plan(config);
    if (steps.length === 0) return [];
    await undo.save({ revision, steps });
    try {
      await this.#take(steps);
      const left = (await this.#plan(config)).flatMap(tellStep);
      if (left.length > 0) {
        throw new BrambleError('failed-precondition', `it did not stay as it was set: ${left.join('; ')}`);
      }
    } catch (thrown) {
      throw await this.#takenBack(revision, steps, BrambleError.from(thrown));
    }
    return steps.flatMap(tellStep);
  }

  async check(given: NodeConfig): Promise<readonly string[]> {
    return (await this.#plan(this.#checked(given))).flatMap(tellStep);
  }

  async confirm(revision: number): Promise<void> {
    const { undo } = this.#options;
    const record = await undo.load();
    if (record === undefined) return; // nothing had to change, or it was confirmed before
    if (record.revision !== revision) {
      throw new BrambleError('failed-precondition', `revision ${record.revision} is on trial, not ${revision}`);
    }
    await undo.settle(revision);
  }

  async undo(): Promise<readonly string[]> {
    const { undo } = this.#options;
    const record = await undo.load();
    if (record === undefined) return [];
    const back = inverse(record.steps);
    await this.#restore(back);
    await undo.settle(record.revision);
    return back.flatMap(tellStep);
  }

  /** Form and list are checked here too: this side has root's rights, the other one only asks. */
  #checked(given: NodeConfig): NodeConfig {
    const config = parseNodeConfig(given);
    const beyond = allowanceProblems(config, this.#options.allowance);
    if (beyond.length === 0) return config;
    throw new BrambleError('permission-denied', `not on this machine's list: ${beyond.join(', ')}`, {
      hint: 'root may add it under "config" to the policy file of the helper',
    });
  }

  async #plan(config: NodeConfig): Promise<readonly Step[]> {
    const { machine, allowance } = this.#options;
    return planSteps(config, await lookAt(machine, config, allowance));
  }

  async #take(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await takeStep(this.#options.machine, step);
  }

  /** The error to tell: its own, and whether everything is as before. */
  async #takenBack(revision: number, steps: readonly Step[], error: BrambleError): Promise<BrambleError> {
    const detail = { cause: error, ...(error.hint !== undefined && { hint: error.hint }) };
    try {
      await this.#restore(inverse(steps));
      await this.#options.undo.settle(revision);
      return new BrambleError(error.code, `${error.message}; everything is as it was before`, detail);
    } catch (thrown) {
      const { message } = BrambleError.from(thrown);
      // The record stays: whoever asks for an undo next tries again.
      return new BrambleError('unavailable', `${error.message}; and it is not taken back yet: ${message}`, detail);
    }
  }

  /** Every step is tried, also after one that fails: as much as possible is as before. Then it is looked at. */
  async #restore(back: readonly Step[]): Promise<void> {
    const problems: string[] = [];
    const attempt = async (work: () => Promise<void>): Promise<void> => {
      try {
        await work();
      } catch (thrown) {
        problems.push(BrambleError.from(thrown).message);
      }
    };
    for (const step of back) await attempt(() => takeStep(this.#options.machine, step));
    for (const step of back) await attempt(() => this.#verify(step));
    if (problems.length > 0) throw new BrambleError('unavailable', problems.join('; '));
  }

  async #verify(step: Step): Promise<void> {
    const { machine } = this.#options;
    if (step.kind === 'file' && ((await machine.read(step.file)) ?? null) !== step.after) {
      throw new BrambleError('unavailable', `${step.file} is not what was written`);
    }
    if (step.kind === 'hostname' && (await machine.hostname()) !== step.after) {
      throw new BrambleError('unavailable', `the hostname is not ${step.after}`);
    }
  }
}

async function takeStep(machine: ConfigMachine, step: Step): Promise<void> {
  switch (step.kind) {
    case 'file':
      await machine.write(step.file, step.after ?? undefined);
      return;
    case 'hostname':
      await machine.setHostname(step.after);
      return;
    case 'sysctl':
      await machine.setSysctl(step.name, step.after);
      return;
    case 'unit':
      await machine.setUnit(step.unit, step.after);
      return;
    case 'time-service':
      await machine.restartTimeService(step.service);
  }
}
