import * as z from '../../agent/kit/form.js';
import type { Exec } from '../../agent/kit/host/ports.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { classMilliwatts } from '../../proto/contract/switch/power.js';
import type { PowerDriver, PowerState } from './driver.js';
import { runProgram } from './run-program.js';

const ANSWER = z.array(z.record(z.string(), z.unknown()));

/** What one port says of its power. */
export interface PsePort {
  readonly admin: PowerState;
  /** "delivering power", "searching", "fault" and so on; empty where it does not say. */
  readonly status: string;
  readonly powerClass: number | undefined;
  readonly actualMilliwatts: number | undefined;
  readonly limitMilliwatts: number | undefined;
}

/**
 * Reads `ethtool --json --show-pse`. Source: ethtool 6.11, netlink/pse.c; Linux Documentation/networking/ethtool-netlink.rst, PSE_GET.
 * @throws BrambleError `data-loss` for anything else
 */
export function parsePse(text: string): PsePort {
  let fields: Readonly<Record<string, unknown>>;
  try {
    fields = ANSWER.parse(JSON.parse(text))[0] ?? {};
  } catch (cause) {
    throw new BrambleError('data-loss', 'ethtool printed something else than its JSON', { cause });
  }
  const word = (name: string): string => {
    const value = fields[`clause-33-pse-${name}`] ?? fields[`podl-pse-${name}`];
    return typeof value === 'string' ? value : '';
  };
  const number = (name: string): number | undefined => {
    const value = fields[`clause-33-pse-${name}`];
    return typeof value === 'number' && value >= 0 ? value : undefined;
  };
  const admin = word('admin-state');
  return {
    admin: admin === 'enabled' ? 'on' : admin === 'disabled' ? 'off' : 'unknown',
    status: word('power-detection-status'),
    powerClass: number('power-class'),
    actualMilliwatts: number('actual-power'),
    limitMilliwatts: number('available-power-limit'),
  };
}

/**
 * The kernel's own interface to power over Ethernet, since Linux 6.10. Not run on hardware yet.
 * @param ports whose classes make up what is allocated; empty = that is not known
 */
export function makeEthtoolPseDriver(exec: Exec, ports: readonly string[]): PowerDriver {
  return {
    name: 'ethtool-pse',
    provenOn: '',
    async state(port, signal) {
      return parsePse(await runProgram(exec, ['ethtool', '--json', '--show-pse', port], signal)).admin;
    },
    async set(port, isOn, signal) {
      const word = isOn ? 'enable' : 'disable';
      await runProgram(exec, ['ethtool', '--set-pse', port, 'c33-pse-admin-control', word], signal);
    },
    async allocations(signal) {
      if (ports.length === 0) return undefined;
      const allocated = new Map<string, number>();
      for (const port of ports) {
        const { admin, powerClass } = parsePse(
          await runProgram(exec, ['ethtool', '--json', '--show-pse', port], signal),
        );
        // A port without a device tells no class: nothing is allocated for it.
        if (admin === 'on' && powerClass !== undefined) allocated.set(port, classMilliwatts(powerClass));
      }
      return allocated;
    },
  };
}
