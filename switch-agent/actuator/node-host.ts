import { makeNodeClock } from '../../agent/kit/host/node/clock.js';
import { makeNodeExec } from '../../agent/kit/host/node/exec.js';
import { makeNodeFiles } from '../../agent/kit/host/node/files.js';
import { makeKernelFiles } from '../../agent/kit/host/node/kernel-files.js';
import { startApart } from '../../agent/kit/host/node/process-apart.js';
import type { Exec } from '../../agent/kit/host/ports.js';
import { runAsSystem } from '../../agent/kit/machine/run-as-system.js';
import type { ActuatorHost } from './host.js';
import { type ActuatorPaths, actuatorPaths } from './paths.js';
import { renderDuty } from './program.js';

/** What ifreload does to links, addresses, modules and sysctls; what ethtool and poectl do to ports. */
const RIGHTS = 'CAP_NET_ADMIN CAP_NET_RAW CAP_SYS_ADMIN CAP_SYS_MODULE CAP_SYS_RAWIO CAP_DAC_OVERRIDE';

/** The switch that this process runs on. @param keepArgs how this program is told to keep something */
export function makeNodeActuatorHost(
  paths: ActuatorPaths = actuatorPaths(),
  keepArgs: readonly string[] = ['keep', '--duty'],
): ActuatorHost {
  const exec = makeNodeExec();
  const kernel = makeKernelFiles();
  const clock = makeNodeClock();
  const files = makeNodeFiles();
  // Outside of the helper's sandbox, which has neither the network of the switch nor its settings.
  const outside: Exec = { run: (argv, limits) => runAsSystem({ exec, kernel }, argv, limits, RIGHTS) };
  return {
    clock,
    files,
    kernel,
    exec: outside,
    paths,
    bootId: kernel.readText('/proc/sys/kernel/random/boot_id')?.trim() ?? '',
    keeper: {
      start: (duty, signal) => {
        const unit = `bramble-switch-keep-${Math.round(clock.monotonicMs())}`;
        return startApart({ exec, kernel }, { unit, args: [...keepArgs, renderDuty(duty)] }, signal);
      },
    },
  };
}
