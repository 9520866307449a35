import { agentMain } from '../agent/kit/agent-main.js';
import { makeNodeClock } from '../agent/kit/host/node/clock.js';
import { makeNodeDatagrams } from '../agent/kit/host/node/datagrams.js';
import { makeNodeFiles } from '../agent/kit/host/node/files.js';
import { makeNodeSignatureCheck } from '../agent/kit/host/node/image-crypto.js';
import { makeGrpcImageLink } from '../agent/kit/host/node/image-link.js';
import { makeNodeKeys } from '../agent/kit/host/node/keys.js';
import { makeNodeLogTail, nodeLocalTime } from '../agent/kit/host/node/log-tail.js';
import { makeNodeProgramIo } from '../agent/kit/host/node/program-io.js';
import type { AgentProgram } from '../agent/kit/program/agent-program.js';
import { ImageFiles } from '../proto/chunks/image-files.js';
import { BootLoops } from './boot/boot-loops.js';
import { fileserverCollectors } from './collectors/index.js';
import { fileserverHandlers } from './commands/index.js';
import { makeSiteImages, type SiteImages } from './images/site-images.js';
import { makeBootSetActuator } from './roots/config-actuator.js';
import { makeRootsProgram } from './roots/program.js';
import { makeRootsWatch } from './roots-watch.js';

const SOURCES = { tail: makeNodeLogTail(), localTime: nodeLocalTime, datagrams: makeNodeDatagrams() };

/** Whoever starts this program decides whom it trusts; for trying things out. */
const IMAGE_POLICY = process.env['BRAMBLE_IMAGE_POLICY'];
const ROOTS_POLICY = process.env['BRAMBLE_ROOTS_POLICY'];

/** Commands and the watch of one agent share its images; each asks for them by the folder of its state. */
const IMAGES = new Map<string, SiteImages>();
/** What the boots of boards tell, and the watch of their roots hears. */
const LOOPS = new BootLoops();

function imagesIn(stateDir: string): SiteImages {
  const found = IMAGES.get(stateDir);
  if (found !== undefined) return found;
  const dir = `${stateDir}/images`;
  const made = makeSiteImages({
    dir,
    images: new ImageFiles(dir),
    files: makeNodeFiles(),
    link: makeGrpcImageLink(),
    check: makeNodeSignatureCheck(),
    keys: makeNodeKeys(),
    clock: makeNodeClock(),
    policyPath: IMAGE_POLICY,
  });
  IMAGES.set(stateDir, made);
  return made;
}

const FILESERVER_AGENT: AgentProgram = {
  kind: 'fileserver',
  name: 'bramble-fileserver-agent',
  configPath: '/etc/bramble/fileserver-agent.yaml',
  stateDir: '/var/lib/bramble-fileserver-agent',
  collectors: (probe, wishes) => fileserverCollectors(probe, { ...wishes, sources: SOURCES, loops: LOOPS }),
  watches: (probe, stateDir) => {
    const images = imagesIn(stateDir);
    images.connect(probe);
    return [makeRootsWatch(LOOPS), images.keeper];
  },
  handlers: (policy, stateDir) => fileserverHandlers(policy, imagesIn(stateDir).keeper, LOOPS),
  configActuator: makeBootSetActuator,
  own: makeRootsProgram({ policyPath: ROOTS_POLICY, imagePolicyPath: IMAGE_POLICY }),
};

process.exit(await agentMain(FILESERVER_AGENT, makeNodeProgramIo()));
