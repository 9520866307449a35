import type { Exec } from '../../agent/kit/host/ports.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { CommandTemplates } from '../actuator/policy.js';
import type { PowerDriver } from './driver.js';
import { runProgram } from './run-program.js';

/** Any program that root names: a relay, an outlet of a power strip, uhubctl, a virtual machine. */
export function makeCommandDriver(exec: Exec, templates: CommandTemplates): PowerDriver {
  return {
    name: 'command',
    provenOn: 'programs of this machine; a power strip of the virtual rack',
    async state(port, signal) {
      const said = (await runProgram(exec, fill(templates.state, port), signal)).trim().toLowerCase();
      return said === 'on' || said === 'off' ? said : 'unknown';
    },
    async set(port, isOn, signal) {
      await runProgram(exec, fill(isOn ? templates.on : templates.off, port), signal);
    },
    allocations: () => Promise.resolve(undefined),
  };
}

/** The port becomes a word, or a part of one, of the arguments: there is no shell that could read it as more. */
function fill(template: readonly string[], port: string): readonly [string, ...string[]] {
  const [program, ...words] = template.map((word) => word.replaceAll('{port}', port));
  if (program === undefined) throw new BrambleError('failed-precondition', 'the policy names no program for this');
  return [program, ...words];
}
