/** Where the part of the agent that has root's rights keeps what must outlive it. Nobody else can write there. */
export interface ActuatorPaths {
  /** The file that ifupdown2 reads. */
  readonly interfaces: string;
  /** Where a new one is looked at before it takes that place. */
  readonly staged: string;
  /** What was there before the change that is on trial. */
  readonly previous: string;
  readonly trial: string;
  /** Directory with a file for each port whose power is off for a moment. */
  readonly cycles: string;
  /** Ports that shall stay off, and when power was cut. */
  readonly power: string;
}

export const STATE_DIR = '/var/lib/bramble-switch';

export function actuatorPaths(stateDir: string = STATE_DIR, interfaces = '/etc/network/interfaces'): ActuatorPaths {
  return {
    interfaces,
    staged: `${stateDir}/staged.interfaces`,
    previous: `${stateDir}/previous.interfaces`,
    trial: `${stateDir}/trial.json`,
    cycles: `${stateDir}/cycles`,
    power: `${stateDir}/power.json`,
  };
}
