import type { Exec, KernelFiles } from '../../agent/kit/host/ports.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { PowerDriver } from './driver.js';
import { runProgram } from './run-program.js';

/** IFF_UP. Source: Linux include/uapi/linux/if.h. */
const IFF_UP = 0x1;

/** Takes the link down instead of the power: for labs, and for boards that reboot when they lose their root filesystem. */
export function makeLinkDriver(on: {
  readonly exec: Exec;
  readonly kernel: Pick<KernelFiles, 'readText'>;
}): PowerDriver {
  return {
    name: 'link',
    provenOn: 'Linux 6.18 with veth pairs',
    async state(port) {
      const flags = on.kernel.readText(`/sys/class/net/${port}/flags`)?.trim();
      if (flags === undefined) throw new BrambleError('not-found', `there is no port ${port}`);
      if (!/^0x[0-9a-f]+$/.test(flags)) return 'unknown';
      return (Number(flags) & IFF_UP) === 0 ? 'off' : 'on';
    },
    async set(port, isOn, signal) {
      await runProgram(on.exec, ['ip', 'link', 'set', 'dev', port, isOn ? 'up' : 'down'], signal);
    },
    allocations: () => Promise.resolve(undefined),
  };
}
