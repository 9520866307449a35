import type { Files, HostClock } from '../../agent/kit/host/ports.js';
import type { ActuatorHost } from '../actuator/host.js';
import { type ActuatorPaths, actuatorPaths } from '../actuator/paths.js';
import { renderDuty } from '../actuator/program.js';
import type { SimulatedSwitch } from './simulated-switch.js';

/** What the part of the agent with root's rights works on: simulated ports, and real files in a directory of the demo. */
export interface SwitchDisk {
  /** Puts the first interfaces file there, unless there is one, and has the ports do what it says. */
  begin(interfaces: string): Promise<void>;
  host(startKeeper: (duty: string) => void): ActuatorHost;
}

export async function makeSimulatedActuator(on: {
  readonly clock: HostClock;
  readonly files: Files;
  readonly hardware: SimulatedSwitch;
  readonly dir: string;
  readonly bootId: () => string;
}): Promise<SwitchDisk> {
  const { clock, hardware, dir } = on;
  const paths = actuatorPaths(dir, `${dir}/interfaces`);
  const cycles = await openCycles(on.files, paths, hardware);
  const files = watched(on.files, paths, { hardware, cycles });
  return {
    async begin(interfaces) {
      const found = await files.readText(paths.interfaces);
      if (found === undefined) await files.writeAtomic(paths.interfaces, interfaces);
      else hardware.live = found;
      hardware.load();
    },
    host: (startKeeper) => ({
      ...{ clock, files, paths, exec: hardware, bootId: on.bootId() },
      kernel: {
        readText: (path) => hardware.readText(path),
        list: (path) => (path === paths.cycles ? [...cycles] : hardware.list(path)),
      },
      keeper: {
        start: async (duty) => {
          startKeeper(renderDuty(duty));
        },
      },
    }),
  };
}

/** Names of the files of open cycles; real files cannot be listed, and there are no more than ports. */
async function openCycles(files: Files, { cycles }: ActuatorPaths, hardware: SimulatedSwitch): Promise<Set<string>> {
  const found = new Set<string>();
  for (const port of hardware.portNames) {
    if ((await files.readText(`${cycles}/${port}.json`)) !== undefined) found.add(`${port}.json`);
  }
  return found;
}

/** Files that tell the hardware when its interfaces file is another, and remember which cycles are open. */
function watched(
  files: Files,
  { interfaces, cycles: dir }: ActuatorPaths,
  { hardware, cycles }: { readonly hardware: SimulatedSwitch; readonly cycles: Set<string> },
): Files {
  const nameOf = (path: string): string | undefined =>
    path.startsWith(`${dir}/`) ? path.slice(dir.length + 1) : undefined;
  return {
    ...files,
    readText: (path) => files.readText(path),
    openLog: (path) => files.openLog(path),
    async writeAtomic(path, content, mode) {
      await files.writeAtomic(path, content, mode);
      if (path === interfaces) hardware.live = String(content);
      const name = nameOf(path);
      if (name !== undefined) cycles.add(name);
    },
    async remove(path) {
      await files.remove(path);
      const name = nameOf(path);
      if (name !== undefined) cycles.delete(name);
    },
  };
}
