import { type Collector, noData, ok } from '../../agent/kit/collect/collector.js';
import { Samples } from '../../agent/kit/collectors/sample.js';
import { BrambleError } from '../../proto/contract/errors.js';

/** What a boot needs of this machine, as Debian names the units. */
export const BOOT_UNITS = {
  dnsmasq_service_state: 'dnsmasq.service',
  nfsd_service_state: 'nfs-server.service',
} as const;

/** As the facts carry what systemd says (ActiveState). */
const STATES: Readonly<Record<string, number>> = {
  active: 1,
  activating: 2,
  deactivating: 2,
  reloading: 2,
  inactive: 3,
  failed: 4,
};

const FACTS = ['dnsmasq_service_state', 'nfsd_service_state'] as const;

/** Whether the services of the boot path run. A unit that is not installed has no state: this machine serves no boots. */
export function makeBootServicesCollector(): Collector {
  return {
    name: 'boot-services',
    intervalMs: 0,
    timeoutMs: 10_000,
    async collect({ services }, signal) {
      const samples = new Samples();
      for (const fact of FACTS) {
        try {
          const { active } = await services.state(BOOT_UNITS[fact], signal);
          samples.number(fact, STATES[active]);
        } catch (error) {
          const { code } = BrambleError.from(error);
          if (code === 'unsupported') return noData('no service manager tells the state of services');
          if (code !== 'not-found') throw error;
        }
      }
      return samples.list.length === 0 ? noData('neither dnsmasq nor the NFS server is installed') : ok(samples.list);
    },
  };
}
