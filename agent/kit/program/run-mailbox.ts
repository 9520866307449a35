import { REQUEST_FILE } from '../../../proto/contract/netboot/mailbox.js';
import { makeNodeClock } from '../host/node/clock.js';
import { makeNodeExec } from '../host/node/exec.js';
import { makeNodeFiles } from '../host/node/files.js';
import { readOwnedText } from '../host/node/owned-file.js';
import { makeSystemdServices } from '../host/node/services-systemd.js';
import { serveMailbox } from '../mailbox/serve.js';
import type { ProgramIo } from './program-io.js';

const ROOT_UID = 0;

/** Looks into the mailbox of this root once. Needs no configuration: it is there for an agent that does not start. */
export async function runMailbox(unit: string, io: ProgramIo): Promise<number> {
  const files = makeNodeFiles();
  const parts = {
    files,
    clock: makeNodeClock(),
    services: makeSystemdServices(makeNodeExec()),
    readRequest: async () =>
      (await files.readText(REQUEST_FILE)) === undefined ? undefined : readOwnedText(REQUEST_FILE, ROOT_UID),
    unit,
  };
  const words = await serveMailbox(parts, io.stopSignal());
  if (words !== '') io.out(`${words}\n`);
  return 0;
}
