import { renderClientConfig } from '../../../proto/contract/overlay/client-config.js';
import type { ClientMode } from '../../../proto/contract/overlay/network.js';
import { renderClientPolicy } from '../../../proto/contract/overlay/policy.js';
import { parsePrefix6 } from '../../../proto/contract/overlay/prefix.js';
import type { Files, Services } from '../host/ports.js';
import type { TunnelActuator } from './order.js';

export interface LocalTunnelOptions {
  readonly files: Pick<Files, 'writeAtomic'>;
  readonly services: Pick<Services, 'restart'>;
  /** Folder of the tunnel's files; root's own. */
  readonly dir: string;
  readonly unit: string;
}

/** Of the packaged unit, which loads the rules and runs OpenVPN. */
export const TUNNEL_DIR = '/var/lib/bramble-tunnel';
export const TUNNEL_UNIT = 'bramble-tunnel.service';
const DEVICE = 'bramble0';
/** Only a gateway passes on what is not its own. Source: sysctl.conf(5). */
const SYSCTLS = {
  gateway: 'net.ipv6.conf.all.forwarding = 1\n',
  standalone: '# nothing is passed on\n',
} as const satisfies Record<ClientMode, string>;

/** The tunnel of the machine that this process runs on, with the rights that this process has. */
export function makeLocalTunnel({ files, services, dir, unit }: LocalTunnelOptions): TunnelActuator {
  return {
    async apply({ profile, privateKeyPem }, signal) {
      const keyPath = `${dir}/tunnel.key`;
      const { remotes, tlsCryptKeysPem, authorityPem, certificatePem, opsPrefixes, ownPrefix, nodePorts } = profile;
      const config = renderClientConfig({
        ...{ remotes, tlsCryptKeysPem, authorityPem, certificatePem, keyPath },
        device: DEVICE,
        socket: undefined,
      });
      const ops = opsPrefixes.map(parsePrefix6);
      const policy = renderClientPolicy({ device: DEVICE, ops, own: parsePrefix6(ownPrefix), nodePorts });
      // What the unit reads first is written last: a start in between finds the tunnel as it was, or not at all.
      await files.writeAtomic(keyPath, privateKeyPem);
      await files.writeAtomic(`${dir}/policy.nft`, policy, 0o600);
      await files.writeAtomic(`${dir}/sysctl.conf`, SYSCTLS[profile.mode], 0o600);
      await files.writeAtomic(`${dir}/client.conf`, config, 0o600);
      await services.restart(unit, signal);
    },
  };
}
