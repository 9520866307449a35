/** The programs and units of a simulated Pi, as far as an agent asks for them. */
import { BrambleError } from '../../proto/contract/errors.js';
import type { Random } from '../../proto/contract/random.js';
import type { Exec, ExecResult, HostClock, ServiceState, Services } from '../kit/host/ports.js';

/** What may be restarted without harm, as on the machine that runs the controller. */
export const EXAMPLE_UNIT = 'bramble-example.service';
const UNITS = [EXAMPLE_UNIT, 'ssh.service', 'cron.service'] as const;
const RESTART_MS = 400;

/** What a demo node may be told to do, on any kind of board. */
export const DEMO_POLICY = {
  allowedUnits: [EXAMPLE_UNIT],
  allowedMounts: [],
  journalUnits: [],
  settings: { services: 'simulated' },
};

export interface MachineServicesOptions {
  readonly clock: HostClock;
  readonly random: Random;
  /** Beside those that every board has. */
  readonly units: readonly string[];
}

/** Units with invocation ids; a reboot is handed over. */
export function makeMachineServices(
  { clock, random, units: more }: MachineServicesOptions,
  reboot: () => void,
): Services {
  const units = new Map<string, ServiceState>([...UNITS, ...more].map((name) => [name, started(random)]));
  const find = (name: string): ServiceState => {
    const unit = units.get(name);
    if (unit === undefined) throw new BrambleError('not-found', `Unit ${name} could not be found.`);
    return unit;
  };
  return {
    state: async (unit) => find(unit),
    restart: async (unit, signal) => {
      find(unit);
      await clock.sleep(RESTART_MS, signal);
      units.set(unit, started(random));
    },
    reboot: async () => {
      reboot();
    },
  };
}

function started(random: Random): ServiceState {
  const bytes = Array.from(random.bytes(16), (byte) => byte.toString(16).padStart(2, '0'));
  return { active: 'active', invocationId: bytes.join('') };
}

/** Answers of the few programs that collectors start. */
export function makeMachineExec(clock: HostClock, upgradable: number): Exec {
  return {
    run: async ([program]) => {
      if (program === 'busctl') return answer(renderNtpMessage(clock.nowMs()));
      if (program === 'apt-get') return answer(renderUpgrades(upgradable));
      throw new BrambleError('not-found', `there is no program ${program}`);
    },
  };
}

function answer(stdout: string): ExecResult {
  return { status: 0, stdout, stderr: '' };
}

/** The last exchange of systemd-timesyncd with its server, which was 4 ms away and agreed within 300 µs. */
function renderNtpMessage(nowMs: number): string {
  const originUs = Math.floor(nowMs - 30_000) * 1_000;
  const times = [originUs, originUs + 2_300, originUs + 2_320, originUs + 4_020].join(' ');
  return `(uuuuittayttttbtt) 0 4 4 2 -24 1000 500 4 10 46 0 1 ${times} false 12 0\n`;
}

function renderUpgrades(count: number): string {
  const lines = Array.from(
    { length: count },
    (_, number) => `Inst package-${number} [1.0-1] (1.0-2 Debian:12.8/stable [arm64])\n`,
  );
  return `${count} upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n${lines.join('')}`;
}
