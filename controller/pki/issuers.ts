import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import type { Clock } from '../../proto/contract/clock.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { Random } from '../../proto/contract/random.js';
import { CLIENT_AUTH, certificateSpkiDer, parseCertificates, SERVER_AUTH, uriName } from '../../proto/wire/chain.js';
import { makeCertificate, type Signer } from './certificates.js';
import type { KeyFiles } from './key-files.js';

/** One authority per audience: a stolen key of one cannot speak for another. */
export const AUDIENCES = {
  /** Pi agents. */
  agents: CLIENT_AUTH,
  /** Agents that act: fileservers and switches. */
  actuators: CLIENT_AUTH,
  /** The controller, and gateways of the overlay. */
  servers: SERVER_AUTH,
  /** Tunnels of nodes. */
  overlay: CLIENT_AUTH,
} as const;
export type Audience = keyof typeof AUDIENCES;

const DAY_MS = 86_400_000;
const ROOT_LIFE_MS = 3650 * DAY_MS;
const ISSUER_LIFE_MS = 730 * DAY_MS;
/** With less of its life left an issuing authority gets a successor, signed at the next start. */
const ISSUER_RENEW_BEFORE_MS = 180 * DAY_MS;

/** A key that signs, and its certificate. */
export interface Issuer extends Signer {
  readonly certificate: X509Certificate;
  readonly pem: string;
}

export interface Issuers {
  readonly fleet: string;
  readonly root: Issuer;
  readonly current: Readonly<Record<Audience, Issuer>>;
  /** Certificates of every authority whose leaves may still be alive, the current one first. */
  readonly accepted: Readonly<Record<Audience, readonly X509Certificate[]>>;
}

export interface IssuersDeps {
  readonly files: KeyFiles;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Loads the authorities, making what is missing: everything at the first start, a successor before an authority's end.
 * The root's key stays on disk beside the others, so that successors can be signed without a person; moving it to media
 * that are kept offline is for a fleet large enough to have somebody who keeps them.
 * @throws BrambleError `failed-precondition`, `data-loss` when files do not belong together
 */
export async function loadIssuers(deps: IssuersDeps, fleetWanted: string): Promise<Issuers> {
  const root = await loadRoot(deps, fleetWanted);
  const fleet = /^spiffe:\/\/([^/]+)$/.exec(uriName(root.certificate) ?? '')?.[1];
  if (fleet === undefined) throw notWhole('the root certificate names no fleet');
  const agents = await loadIssuer(deps, 'agents', fleet, root);
  const actuators = await loadIssuer(deps, 'actuators', fleet, root);
  const servers = await loadIssuer(deps, 'servers', fleet, root);
  const overlay = await loadIssuer(deps, 'overlay', fleet, root);
  return {
    fleet,
    root,
    current: {
      agents: agents.current,
      actuators: actuators.current,
      servers: servers.current,
      overlay: overlay.current,
    },
    accepted: {
      agents: agents.accepted,
      actuators: actuators.accepted,
      servers: servers.accepted,
      overlay: overlay.accepted,
    },
  };
}

async function loadRoot({ files, clock, random }: IssuersDeps, fleet: string): Promise<Issuer> {
  const stored = await files.read('root.pem');
  if (stored !== undefined) return readIssuer('root.pem', stored).current;
  const key = makeKey();
  const subject = `CN=Bramble root, O=${fleet}`;
  const spkiDer = publicDer(key);
  const order = { subject, uri: `spiffe://${fleet}`, spkiDer, use: { kind: 'root' }, lifeMs: ROOT_LIFE_MS } as const;
  const made = await makeCertificate({ ...order, nowMs: clock.nowMs() }, { subject, privateKey: key, spkiDer }, random);
  await files.write('root.pem', privatePem(key) + made.pem);
  return asIssuer(key, new X509Certificate(made.pem));
}

async function loadIssuer(
  deps: IssuersDeps,
  audience: Audience,
  fleet: string,
  root: Issuer,
): Promise<{ readonly current: Issuer; readonly accepted: readonly X509Certificate[] }> {
  const { files, clock } = deps;
  const name = `${audience}.pem`;
  const text = await files.read(name);
  const stored = text === undefined ? undefined : readIssuer(name, text);
  const alive = (stored?.certificates ?? []).filter((one) => Date.parse(one.validTo) > clock.nowMs());
  if (!alive.every((one) => one.verify(root.certificate.publicKey)))
    throw notWhole(`${name} is not signed by this root`);
  if (stored !== undefined && Date.parse(stored.current.certificate.validTo) - clock.nowMs() > ISSUER_RENEW_BEFORE_MS) {
    return { current: stored.current, accepted: alive };
  }
  const current = await makeIssuer(deps, audience, fleet, root);
  const accepted = [current.certificate, ...alive];
  await files.write(name, privatePem(current.privateKey) + accepted.map((one) => one.toString()).join(''));
  return { current, accepted };
}

/** A file of an authority: its key, its certificate, then those before it. One file, so that no crash tears them apart. */
function readIssuer(
  name: string,
  text: string,
): { readonly current: Issuer; readonly certificates: readonly X509Certificate[] } {
  const key = parseKey(text, name);
  const certificates = parseCertificates(text);
  const newest = certificates[0];
  if (newest === undefined || !certificateSpkiDer(newest).equals(publicDer(key))) {
    throw notWhole(`the key in ${name} does not fit its certificate`);
  }
  return { current: asIssuer(key, newest), certificates };
}

async function makeIssuer(deps: IssuersDeps, audience: Audience, fleet: string, root: Issuer): Promise<Issuer> {
  const key = makeKey();
  const made = await makeCertificate(
    {
      subject: `CN=Bramble ${audience}, O=${fleet}`,
      uri: `spiffe://${fleet}/authority/${audience}`,
      spkiDer: publicDer(key),
      use: { kind: 'issuer', usage: AUDIENCES[audience] },
      nowMs: deps.clock.nowMs(),
      lifeMs: ISSUER_LIFE_MS,
    },
    root,
    deps.random,
  );
  return asIssuer(key, new X509Certificate(made.pem));
}

function asIssuer(privateKey: KeyObject, certificate: X509Certificate): Issuer {
  // Node shows a name as lines; the library that signs wants it in one.
  const subject = certificate.subject.split('\n').join(', ');
  return { certificate, pem: certificate.toString(), subject, privateKey, spkiDer: publicDer(privateKey) };
}

export function makeKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

export function publicDer(privateKey: KeyObject): Buffer {
  return createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
}

export function privatePem(privateKey: KeyObject): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

export function parseKey(pem: string, name: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (thrown) {
    throw new BrambleError('data-loss', `${name} holds no private key`, {
      cause: thrown,
      hint: 'restore the key directory from the newest backup',
    });
  }
}

function notWhole(what: string): BrambleError {
  return new BrambleError('data-loss', `the key directory is not whole: ${what}`, {
    hint: 'restore all of it from the newest backup; making new keys means enrolling every node again',
  });
}
