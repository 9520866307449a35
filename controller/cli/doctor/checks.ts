import { checkControllerClock, checkLocalClock, checkNodeClocks } from './clocks.js';
import {
  checkBackup,
  checkCertificates,
  checkDoors,
  checkLoad,
  checkNodeCertificates,
  checkOpenFiles,
  checkParts,
  checkSpace,
} from './controller.js';
import type { Finding, Gathered } from './gathered.js';
import { checkAddress, checkController, checkDns, checkPageCertificate, checkPort, checkRights } from './reach.js';
import { checkAgentVersions, checkCliVersion, checkRuntime } from './versions.js';

/** In the order in which one leans on the other: the first that fails is where to begin. */
export const CHECKS = [
  checkAddress,
  checkDns,
  checkPort,
  checkPageCertificate,
  checkController,
  checkRights,
  checkLocalClock,
  checkCliVersion,
  checkParts,
  checkControllerClock,
  checkRuntime,
  checkSpace,
  checkOpenFiles,
  checkLoad,
  checkBackup,
  checkCertificates,
  checkDoors,
  checkAgentVersions,
  checkNodeClocks,
  checkNodeCertificates,
] as const;

export function examine(gathered: Gathered): readonly Finding[] {
  return CHECKS.flatMap((check) => check(gathered));
}
