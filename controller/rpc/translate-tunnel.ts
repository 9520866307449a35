import { BrambleError } from '../../proto/contract/errors.js';
import type { ClientMode } from '../../proto/contract/overlay/network.js';
import { TunnelMode, type TunnelProfile, type TunnelRequest } from '../../proto/gen/bramble/agent/v1/tunnel.js';
import type { TunnelAnswer } from '../usecases/agent-messages.js';
import type { TunnelWish } from '../usecases/overlay/tunnels.js';

const MODES = {
  gateway: TunnelMode.GATEWAY,
  standalone: TunnelMode.STANDALONE,
} as const satisfies Record<ClientMode, TunnelMode>;

const DIGEST_CHARACTERS = 64;

/** @throws BrambleError `invalid-argument` for a mode that we do not know */
export function readTunnelWish({ mode, spkiDer, haveDigest }: TunnelRequest): TunnelWish {
  const known = (['gateway', 'standalone'] as const).find((each) => MODES[each] === mode);
  if (known === undefined) throw new BrambleError('invalid-argument', `unknown mode ${mode} of a tunnel`);
  return { mode: known, spkiDer, haveDigest: haveDigest.slice(0, DIGEST_CHARACTERS) };
}

export function writeTunnelAnswer(answer: TunnelAnswer): TunnelProfile {
  if (answer.kind === 'refused') return { ...NOTHING, refusal: answer.why.slice(0, 1_024) };
  const { profile, digest } = answer;
  return {
    mode: MODES[profile.mode],
    remotes: profile.remotes.map(({ host, port, protocol }) => ({ host, port, tcp: protocol === 'tcp' })),
    tlsCryptKeysPem: [...profile.tlsCryptKeysPem],
    authorityPem: profile.authorityPem,
    certificatePem: profile.certificatePem,
    ownPrefix: profile.ownPrefix,
    opsPrefixes: [...profile.opsPrefixes],
    nodePorts: [...profile.nodePorts],
    renewAfterMs: profile.renewAfterMs,
    digest,
    refusal: '',
  };
}

const NOTHING: TunnelProfile = {
  mode: TunnelMode.UNSPECIFIED,
  remotes: [],
  tlsCryptKeysPem: [],
  authorityPem: '',
  certificatePem: '',
  ownPrefix: '',
  opsPrefixes: [],
  nodePorts: [],
  renewAfterMs: 0,
  digest: '',
  refusal: '',
};
