import type { AgentProbe } from '../../agent/kit/collect/probe.js';
import type { ImageLink } from '../../agent/kit/host/image-link.js';
import type { Files, HostClock, Keys } from '../../agent/kit/host/ports.js';
import type { ImageFiles } from '../../proto/chunks/image-files.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { digestOf } from '../../proto/contract/images/digest.js';
import type { SignatureCheck } from '../../proto/contract/images/minisign.js';
import { ImageKeeper } from './image-keeper.js';
import { IMAGE_POLICY_PATH, parseImagePolicy } from './policy.js';
import { SiteTrust } from './site-trust.js';
import { ImageMemory } from './small-memory.js';

export interface SiteImagesParts {
  /** Folder of the images, and of what is remembered of them. */
  readonly dir: string;
  readonly images: ImageFiles;
  readonly files: Pick<Files, 'readText' | 'writeAtomic'>;
  readonly link: ImageLink;
  readonly check: SignatureCheck;
  readonly keys: Pick<Keys, 'sha256' | 'verifyEd25519'>;
  readonly clock: HostClock;
  /** IMAGE_POLICY_PATH when absent. */
  readonly policyPath?: string | undefined;
}

type Connected = Pick<AgentProbe, 'reach' | 'controllerOffsetMs'>;

export interface SiteImages {
  readonly keeper: ImageKeeper;
  readonly trust: SiteTrust;
  /** From then on it knows whom to ask. */
  connect(probe: Connected): void;
}

/** The images of one fileserver, joined. Nothing is pulled before connect(). */
export function makeSiteImages(parts: SiteImagesParts): SiteImages {
  const { dir, images, files, link, keys, clock, check, policyPath = IMAGE_POLICY_PATH } = parts;
  let probe: Connected | undefined;
  const reach = (): ReturnType<Connected['reach']> => {
    if (probe === undefined) throw new BrambleError('unavailable', 'the agent has not started yet');
    return probe.reach();
  };
  const memory = new ImageMemory(files, dir);
  const trust = new SiteTrust({
    check,
    readPolicy: async () => parseImagePolicy(await files.readText(policyPath)),
    readFreshness: (image) => images.readFreshness(image),
    readFloor: (imageClass) => memory.floor(imageClass),
    commandKeys: () => reach().commandKeys,
    verifyEd25519: (spkiDer, message, signature) => keys.verifyEd25519(spkiDer, message, signature),
    nowMs: () => clock.nowMs() - (probe?.controllerOffsetMs() ?? 0),
  });
  const keeper = new ImageKeeper({
    ...{ files: images, link, trust, memory, clock, reach },
    sha256: (bytes) => digestOf(keys.sha256(bytes)),
    raiseFloor: (imageClass, floor) => memory.raiseFloor(imageClass, floor),
    turn: (signal) => clock.sleep(0, signal),
  });
  return {
    keeper,
    trust,
    connect: (connected) => {
      probe = connected;
    },
  };
}
