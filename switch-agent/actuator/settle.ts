import { BrambleError } from '../../proto/contract/errors.js';
import { chooseDriver } from '../power/choose.js';
import { bring } from '../power/cycle.js';
import { closeCycle, type OpenCycle, readCycles } from '../power/records.js';
import { restore } from './change.js';
import type { ActuatorHost, KeeperDuty } from './host.js';
import type { SwitchPolicy } from './policy.js';
import { dutyOf, readTrial } from './trial.js';

/** How often what is open is looked at, ms. */
const LOOK_EVERY_MS = 500;
/** Before something that failed is tried again, ms. */
const AGAIN_MS = 5_000;

export interface KeepOptions {
  readonly duty: Exclude<KeeperDuty, { readonly kind: 'start' }>;
  readonly readPolicy: () => Promise<SwitchPolicy>;
  readonly tell: (words: string) => void;
}

/**
 * Keeps what is written down until nothing of it is open: takes back a change that nobody confirmed in time, brings on a port whose
 * cycle was cut off. Runs in a process of its own beside every change and cycle, and once at every start of the switch.
 * A failure is told and tried again: nobody else would.
 */
export async function keep(host: ActuatorHost, options: KeepOptions, signal: AbortSignal): Promise<void> {
  for (;;) {
    let isOpen = true;
    let pauseMs = LOOK_EVERY_MS;
    try {
      const isTrialOpen = await keepTrial(host, options, signal);
      isOpen = (await keepPower(host, options, signal)) || isTrialOpen;
    } catch (error) {
      if (signal.aborted) throw error;
      options.tell(BrambleError.from(error).message);
      pauseMs = AGAIN_MS;
    }
    if (!isOpen) return;
    await host.clock.sleep(pauseMs, signal);
  }
}

/** Whether something of it stays open. */
async function keepTrial(host: ActuatorHost, { duty, tell }: KeepOptions, signal: AbortSignal): Promise<boolean> {
  if (duty.kind === 'port') return false;
  const trial = await readTrial(host);
  if (trial === undefined || (duty.kind === 'change' && trial.changeId !== duty.changeId)) return false;
  switch (dutyOf(trial, host.bootId, host.clock.monotonicMs())) {
    case 'nothing':
      return false;
    case 'wait':
      return true;
    case 'restore': {
      const why = trial.why === '' ? 'nobody confirmed it in time' : trial.why;
      tell(`change ${trial.changeId}: ${await restore(host, { ...trial, why }, signal)}`);
      return false;
    }
  }
}

async function keepPower(
  host: ActuatorHost,
  { duty, tell, readPolicy }: KeepOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const mine = async (): Promise<readonly OpenCycle[]> => {
    if (duty.kind === 'change') return [];
    const all = await readCycles(host);
    return duty.kind === 'port' ? all.filter(({ port }) => port === duty.port) : all;
  };
  const cycles = await mine();
  const due = cycles.filter((cycle) => isDue(cycle, host));
  if (due.length === 0) return cycles.length > 0;
  const { power } = await readPolicy();
  for (const { port } of due) {
    const driver = await chooseDriver(host, power, port, signal);
    await bring(host, driver, port, 'on', signal);
    await closeCycle(host, port);
    tell(`${port} was left without power and gives it again`);
  }
  return (await mine()).length > 0;
}

function isDue({ bootId, onFromMs }: OpenCycle, { clock, bootId: now }: ActuatorHost): boolean {
  return bootId !== now || clock.monotonicMs() >= onFromMs;
}
