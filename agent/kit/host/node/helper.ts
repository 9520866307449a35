import { serveHelper } from '../../helper/serve.js';
import { makeNodeConfigActuator } from './config/actuator.js';
import { makeNodeExec } from './exec.js';
import { makeHelperConnection } from './helper-connection.js';
import { makeKernelFiles } from './kernel-files.js';
import { readOwnedText } from './owned-file.js';
import { makeSystemdServices } from './services-systemd.js';

export interface NodeHelperOptions {
  /** Instance name of the connection, as the unit passes it: "%i". */
  readonly peer: string;
  readonly policyPath: string;
}

/** The helper program: serves the connection on standard input and output. Answers with the exit status. */
export function runNodeHelper({ peer, policyPath }: NodeHelperOptions): Promise<number> {
  return serveHelper({
    peer,
    policyPath,
    connection: makeHelperConnection(process.stdin, process.stdout),
    readPolicy: () => readOwnedText(policyPath, 0),
    kernel: makeKernelFiles(),
    services: makeSystemdServices(makeNodeExec()),
    configActuator: (allowance) => makeNodeConfigActuator({ root: '/', ownerUid: 0, exec: makeNodeExec() }, allowance),
  });
}
