import { serveHelper } from '../../helper/serve.js';
import { makeLocalMachine, type OwnOrders } from '../../machine/local-machine.js';
import { makeLocalTunnel, TUNNEL_DIR, TUNNEL_UNIT } from '../../tunnel/local-tunnel.js';
import { makeNodeConfigActuator } from './config/actuator.js';
import { makeNodeExec } from './exec.js';
import { makeNodeFiles } from './files.js';
import { makeHelperConnection } from './helper-connection.js';
import { makeKernelFiles } from './kernel-files.js';
import { makeNodeLed } from './led.js';
import { readOwnedText } from './owned-file.js';
import { makeSystemdServices } from './services-systemd.js';

export interface NodeHelperOptions {
  /** Instance name of the connection, as the unit passes it: "%i". */
  readonly peer: string;
  readonly policyPath: string;
  readonly own?: OwnOrders | undefined;
}

/** The helper program: serves the connection on standard input and output. Answers with the exit status. */
export function runNodeHelper({ peer, policyPath, own }: NodeHelperOptions): Promise<number> {
  const stop = new AbortController();
  // What is under way gives back what it borrowed; everything else would be over in a moment.
  process.once('SIGTERM', () => {
    stop.abort();
  });
  const exec = makeNodeExec();
  const kernel = makeKernelFiles();
  const services = makeSystemdServices(exec);
  return serveHelper({
    peer,
    policyPath,
    connection: makeHelperConnection(process.stdin, process.stdout, stop.signal),
    readPolicy: () => readOwnedText(policyPath, 0),
    kernel,
    services,
    tunnel: makeLocalTunnel({ files: makeNodeFiles(), services, dir: TUNNEL_DIR, unit: TUNNEL_UNIT }),
    machine: makeLocalMachine({ exec, kernel, services, led: makeNodeLed(), own }),
    configActuator: (allowance) => makeNodeConfigActuator({ root: '/', ownerUid: 0, exec }, allowance),
  });
}
