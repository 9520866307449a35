import type { NodeConfig } from '../../../proto/contract/node-config/config.js';
import { parseNodeConfig } from '../../../proto/contract/node-config/parse.js';
import { UnitWishState, type NodeConfig as WireConfig } from '../../../proto/gen/bramble/agent/v1/desired.js';

const WISH_WORDS: Readonly<Record<number, string>> = {
  [UnitWishState.ENABLED]: 'enabled',
  [UnitWishState.DISABLED]: 'disabled',
};

/** @throws BrambleError `invalid-argument` naming everything that is wrong with it */
export function readNodeConfig({ hostname, authorizedKeys, ntp, sysctls, units, bootSet }: WireConfig): NodeConfig {
  return parseNodeConfig({
    ...(hostname !== '' && { hostname }),
    ...(authorizedKeys && {
      authorizedKeys: Object.fromEntries(authorizedKeys.users.map(({ user, keys }) => [user, keys])),
    }),
    ...(ntp && { ntpServers: ntp.servers }),
    ...(sysctls && { sysctls: Object.fromEntries(sysctls.values.map(({ name, value }) => [name, value])) }),
    ...(units && { units: Object.fromEntries(units.units.map(({ name, state }) => [name, WISH_WORDS[state] ?? ''])) }),
    ...(bootSet && { bootSet: parseJson(bootSet.json) }),
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return ''; // which is no boot set, and told as such
  }
}
