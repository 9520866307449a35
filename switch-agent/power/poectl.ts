import type { Exec } from '../../agent/kit/host/ports.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { classMilliwatts } from '../../proto/contract/switch/power.js';
import type { PowerDriver, PowerState } from './driver.js';
import { runProgram } from './run-program.js';

/** One row of `poectl -i`. */
export interface PoePort {
  readonly name: string;
  /** "connected", "searching", "disabled", "fault", "power-denied" and others. */
  readonly status: string;
  readonly state: PowerState;
  readonly allocatedMilliwatts: number | undefined;
  readonly actualMilliwatts: number | undefined;
  readonly powerClass: number | undefined;
  readonly priority: string;
}

const ROW =
  /^(swp\d{1,3})\s{2,}(\S+(?: \S+)*?)\s{2,}(n\/a|negotiating|[\d.]+ W)\s+(\S+)\s+(\S+(?: \S+)*?)\s{2,}(\S+)\s+[\d.]+ V\s+[\d.]+ mA\s+([\d.]+) W\s*$/;

/**
 * Reads the table of `poectl -i`, which gives milliamperes and watts. Rows of another form are left out: whoever needs one of them
 * finds it missing. Source: Cumulus Linux 3.7 User Guide, Power over Ethernet.
 */
export function parsePoectl(text: string): readonly PoePort[] {
  return text.split('\n').flatMap((line) => {
    const match = ROW.exec(line);
    if (match === null) return [];
    const [, name = '', status = '', allocated = '', priority = '', , powerClass = '', actual = ''] = match;
    return [
      {
        name,
        status,
        priority,
        state: status === 'disabled' ? ('off' as const) : ('on' as const),
        allocatedMilliwatts: milliwatts(allocated),
        actualMilliwatts: milliwatts(`${actual} W`),
        powerClass: /^\d$/.test(powerClass) ? Number(powerClass) : undefined,
      },
    ];
  });
}

function milliwatts(text: string): number | undefined {
  const watts = /^([\d.]+) W$/.exec(text)?.[1];
  return watts === undefined ? undefined : Math.round(Number(watts) * 1_000);
}

/** poectl of Cumulus Linux 3 and 4. Not run on hardware yet. */
export function makePoectlDriver(exec: Exec): PowerDriver {
  return {
    name: 'poectl',
    provenOn: '',
    async state(port, signal) {
      const row = parsePoectl(await runProgram(exec, ['poectl', '-i', port], signal)).find(({ name }) => name === port);
      if (row === undefined) throw new BrambleError('not-found', `poectl does not know port ${port}`);
      return row.state;
    },
    async set(port, isOn, signal) {
      await runProgram(exec, ['poectl', isOn ? '-e' : '-d', port], signal);
    },
    async allocations(signal) {
      const rows = parsePoectl(await runProgram(exec, ['poectl', '-a'], signal));
      // By class where the hardware has not said yet what it allocates.
      return new Map(
        rows.flatMap(({ name, allocatedMilliwatts, powerClass }) => {
          const of = allocatedMilliwatts ?? (powerClass === undefined ? undefined : classMilliwatts(powerClass));
          return of === undefined ? [] : [[name, of]];
        }),
      );
    },
  };
}
