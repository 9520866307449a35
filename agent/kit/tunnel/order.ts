import { BrambleError } from '../../../proto/contract/errors.js';
import { parseAddress6, parsePrefix6 } from '../../../proto/contract/overlay/prefix.js';
import type { TunnelProfile } from '../../../proto/contract/overlay/profile.js';
import { array, type infer as Infer, number, object, string } from '../form.js';

/** What is wanted of whoever keeps the tunnel's files: a profile, and the key that belongs to it. */
export interface TunnelOrder {
  readonly profile: TunnelProfile;
  /** Never told to anybody else. */
  readonly privateKeyPem: string;
}

/** Puts a tunnel in place. @throws BrambleError of the files or of the service manager */
export interface TunnelActuator {
  apply(order: TunnelOrder, signal: AbortSignal): Promise<void>;
}

const FORM = object({
  privateKeyPem: string(),
  profile: object({
    mode: string(),
    remotes: array(object({ host: string(), port: number(), protocol: string() })),
    tlsCryptKeysPem: array(string()),
    authorityPem: string(),
    certificatePem: string(),
    ownPrefix: string(),
    opsPrefixes: array(string()),
    nodePorts: array(number()),
    renewAfterMs: number(),
  }),
});

const REMOTES_MAX = 8;
const PORTS_MAX = 32;
const PEM_CHARACTERS_MAX = 16 * 1024;
/** Blocks of base64 and nothing between them: what stands in a configuration file must not become a line of it. */
const PEM_BEGIN = /^-----BEGIN ([A-Za-z0-9 -]{1,60})-----$/;
const PEM_BODY = /^[A-Za-z0-9+/=]{1,76}$/;
const HOST_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;

/**
 * Judges an order as whoever acts on it must: every value is of a form that means nothing else in a configuration file.
 * @throws BrambleError `invalid-argument`
 */
export function parseTunnelOrder(value: unknown): TunnelOrder {
  const judged = FORM.safeParse(value);
  if (!judged.success) throw refused('it is not of the form of one');
  const { privateKeyPem, profile } = judged.data;
  if (!isPem(privateKeyPem)) throw refused('its private key is none');
  return { privateKeyPem, profile: parseProfile(profile) };
}

function parseProfile(given: Infer<typeof FORM>['profile']): TunnelProfile {
  const { mode, remotes, tlsCryptKeysPem, authorityPem, certificatePem, ownPrefix, opsPrefixes, nodePorts } = given;
  if (mode !== 'gateway' && mode !== 'standalone') throw refused(`its mode is ${JSON.stringify(mode.slice(0, 40))}`);
  if (remotes.length === 0 || remotes.length > REMOTES_MAX) throw refused('it names no gateway, or too many');
  if (tlsCryptKeysPem.length === 0 || tlsCryptKeysPem.length > 2) throw refused('it has one or two wrapping keys');
  if (![...tlsCryptKeysPem, authorityPem, certificatePem].every(isPem)) throw refused('a key or certificate is none');
  if (nodePorts.length > PORTS_MAX || !nodePorts.every(isPort)) throw refused('a port of it is none');
  const own = parsePrefix6(ownPrefix);
  if (own.bits !== (mode === 'gateway' ? 56 : 64)) throw refused(`${ownPrefix} is not the prefix of a ${mode}`);
  if (opsPrefixes.length === 0 || opsPrefixes.length > REMOTES_MAX) throw refused('it does not say who may come in');
  for (const prefix of opsPrefixes) parsePrefix6(prefix);
  return {
    ...{ mode, tlsCryptKeysPem, authorityPem, certificatePem, ownPrefix, opsPrefixes, nodePorts },
    remotes: remotes.map(({ host, port, protocol }) => {
      const isHost = host.length <= 253 && (HOST_NAME.test(host) || parseAddress6(host) !== undefined);
      if (!isHost || !isPort(port)) throw refused('a gateway of it is none');
      if (protocol !== 'udp' && protocol !== 'tcp') throw refused('a gateway is reached over udp or tcp');
      return { host, port, protocol };
    }),
    renewAfterMs: Math.max(0, given.renewAfterMs),
  };
}

function isPem(text: string): boolean {
  if (text.length > PEM_CHARACTERS_MAX || !text.endsWith('\n')) return false;
  let open: string | undefined;
  let bodyLines = 0;
  for (const line of text.slice(0, -1).split('\n')) {
    if (open === undefined) {
      open = PEM_BEGIN.exec(line)?.[1];
      if (open === undefined) return false;
      bodyLines = 0;
    } else if (line === `-----END ${open}-----`) {
      if (bodyLines === 0) return false;
      open = undefined;
    } else if (PEM_BODY.test(line)) bodyLines += 1;
    else return false;
  }
  return open === undefined;
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port <= 65_535;
}

function refused(why: string): BrambleError {
  return new BrambleError('invalid-argument', `this tunnel cannot be put in place: ${why}`);
}
