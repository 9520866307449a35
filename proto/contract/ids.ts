import { BrambleError } from './errors.js';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** Chosen by the controller at enrolment; never used again for another node. */
export type NodeId = Branded<'NodeId'>;
/** Site name: where nodes are and who may act on them. */
export type SiteId = Branded<'SiteId'>;
/** UUID version 7 of a command. */
export type CommandId = Branded<'CommandId'>;

const NODE_ID = /^n-[0-9a-z]{13}$/;
const SITE_ID = /^[a-z][a-z0-9-]{0,31}$/;
const COMMAND_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function parse<T extends string>(text: string, pattern: RegExp, what: string, form: string): T {
  if (pattern.test(text)) return text as T; // the brand says that the pattern was checked, here and only here
  throw new BrambleError('invalid-argument', `not a ${what}: ${JSON.stringify(text.slice(0, 64))}`, {
    hint: `a ${what} is ${form}`,
  });
}

/** @throws BrambleError `invalid-argument` */
export function nodeId(text: string): NodeId {
  return parse(text, NODE_ID, 'node id', '"n-" and 13 lower-case letters or digits');
}

/** @throws BrambleError `invalid-argument` */
export function siteId(text: string): SiteId {
  return parse(text, SITE_ID, 'site name', 'a lower-case letter, then at most 31 letters, digits or dashes');
}

/** @throws BrambleError `invalid-argument` */
export function commandId(text: string): CommandId {
  return parse(text, COMMAND_ID, 'command id', 'a UUID version 7 in lower case');
}

export type NodeKind = 'pi' | 'fileserver' | 'switch';
export const NODE_KINDS = ['pi', 'fileserver', 'switch'] as const satisfies readonly NodeKind[];
