import type { Exec, KernelFiles } from '../../agent/kit/host/ports.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { PowerPolicy } from '../actuator/policy.js';
import { makeCommandDriver } from './command.js';
import type { PowerDriver } from './driver.js';
import { makeEthtoolPseDriver } from './ethtool-pse.js';
import { makeLinkDriver } from './link.js';
import { makePoectlDriver } from './poectl.js';

/**
 * The driver that root named, or the first that answers for this port.
 * @throws BrambleError `unsupported` where nothing here switches power
 */
export async function chooseDriver(
  on: { readonly exec: Exec; readonly kernel: Pick<KernelFiles, 'readText'> },
  policy: PowerPolicy,
  port: string,
  signal: AbortSignal,
): Promise<PowerDriver> {
  const outlet = policy.outlets.get(port);
  if (outlet !== undefined) return makeCommandDriver(on.exec, outlet);
  switch (policy.driver) {
    case 'link':
      return makeLinkDriver(on);
    case 'ethtool-pse':
      return makeEthtoolPseDriver(on.exec, policy.classPorts);
    case 'poectl':
      return makePoectlDriver(on.exec);
    case 'command':
      if (policy.command !== undefined) return makeCommandDriver(on.exec, policy.command);
      throw nothing('the policy names no programs');
    case 'probe':
      return probe([makeEthtoolPseDriver(on.exec, policy.classPorts), makePoectlDriver(on.exec)], port, signal);
    case 'none':
      throw nothing('the policy of this switch names no way to switch power');
  }
}

/** Never `link` or `command`: what is not power must not be taken for it by itself. */
async function probe(drivers: readonly PowerDriver[], port: string, signal: AbortSignal): Promise<PowerDriver> {
  const words: string[] = [];
  for (const driver of drivers) {
    try {
      if ((await driver.state(port, signal)) !== 'unknown') return driver;
      words.push(`${driver.name} does not know the state of ${port}`);
    } catch (error) {
      if (signal.aborted) throw error;
      words.push(BrambleError.from(error).message);
    }
  }
  throw nothing(words.join('; '));
}

function nothing(why: string): BrambleError {
  return new BrambleError('unsupported', `no power can be switched here: ${why}`, {
    hint: 'name the driver in the policy file of the switch',
  });
}
