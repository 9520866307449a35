/**
 * A second stream for a node that has one: the same agent come again, or a clone of its credential? The stream in
 * service is asked before it loses its place. Whoever is in service stays; a clone is always the newcomer.
 */

/** Tells one agent process from any other: the kernel's boot id and a number that the process drew. */
export interface ProcessIdentity {
  readonly bootId: string;
  readonly processNonce: string;
}

/** How long the stream in service has to answer its probe. */
export const PROBE_ANSWER_LIMIT_MS = 5_000;

export function isSameProcess(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.bootId === b.bootId && a.processNonce === b.processNonce;
}

/** `admit`: nobody is in service. `supersede`: it is the same process again. `probe`: ask the one in service. */
export function judgeNewcomer(
  inService: ProcessIdentity | undefined,
  newcomer: ProcessIdentity,
): 'admit' | 'supersede' | 'probe' {
  if (inService === undefined) return 'admit';
  return isSameProcess(inService, newcomer) ? 'supersede' : 'probe';
}

/** `answer`: what the stream in service said within the limit; `undefined` = nothing, or its stream ended. */
export function settleTakeover(answer: ProcessIdentity | undefined, newcomer: ProcessIdentity): 'supersede' | 'clone' {
  if (answer === undefined) return 'supersede';
  return isSameProcess(answer, newcomer) ? 'supersede' : 'clone';
}

/**
 * A frozen node's stream may come back only in the boot that was in service when the clone was seen: a boot id is
 * drawn by the kernel at every boot, so a copied card cannot have it. After a reboot a person decides.
 */
export function mayReturnWhileFrozen(bootIdInService: string | undefined, newcomer: ProcessIdentity): boolean {
  return bootIdInService !== undefined && bootIdInService !== '' && bootIdInService === newcomer.bootId;
}
