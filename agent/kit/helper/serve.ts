import { BrambleError } from '../../../proto/contract/errors.js';
import type { KernelFiles, Services } from '../host/ports.js';
import { CONFIG_LINE_LIMIT_BYTES, type ConfigActuatorMaker, carryOutConfig } from './config-verbs.js';
import { type HelperPolicy, parsePolicy, uidOf } from './policy.js';
import { type HelperRequest, parseRequest, renderLine, replyOf } from './protocol.js';

/** The accepted connection: standard input and output of this process. */
export interface HelperConnection {
  /** The first line, without its end. @throws BrambleError `invalid-argument` beyond the limit, `deadline-exceeded` */
  readLine(limitBytes: number): Promise<string>;
  /** Answers, and lets go of the connection: a caller that stays must not hold the process. */
  answer(text: string): Promise<void>;
}

export interface HelperOptions {
  /** Instance name that systemd gave this connection: it carries the peer's uid. */
  readonly peer: string;
  readonly connection: HelperConnection;
  /** Content of root's own policy file; refuses a file that somebody else could have written. */
  readonly readPolicy: () => Promise<string>;
  /** For messages. */
  readonly policyPath: string;
  readonly kernel: KernelFiles;
  readonly services: Services;
  readonly configActuator: ConfigActuatorMaker;
}

/**
 * One request of one connection, then the process ends: it holds root rights for milliseconds, and keeps no state that
 * a caller could poison. Answers with the exit status: refused requests are the caller's affair, and 0.
 */
export async function serveHelper(options: HelperOptions): Promise<number> {
  const { connection } = options;
  try {
    // Read before anything is refused: closing with unread input could take the answer away from the caller.
    const line = await connection.readLine(CONFIG_LINE_LIMIT_BYTES);
    const policy = parsePolicy(await options.readPolicy(), options.policyPath);
    checkPeer(options, policy);
    const changes = await carryOut(parseRequest(line), policy, options);
    await connection.answer(renderLine(changes === undefined ? { ok: true } : { ok: true, changes }));
    return 0;
  } catch (thrown) {
    const error = BrambleError.from(thrown);
    await connection.answer(renderLine(replyOf(error)));
    return error.code === 'internal' ? 1 : 0;
  }
}

/**
 * Uid in the name of a connection's instance: "<number>-<pid>-<uid>", in newer systemd with a cookie after the number
 * and an inode after the pid. systemd has it from SO_PEERCRED. Source: systemd, src/core/socket.c, socket instances.
 */
export function peerUid(peer: string): number | undefined {
  const uid = /^\d+(?:-\d+)?-\d+(?:_\d+)?-(\d+)$/.exec(peer)?.[1];
  return uid === undefined ? undefined : Number(uid);
}

function checkPeer({ peer, kernel }: HelperOptions, policy: HelperPolicy): void {
  const uid = peerUid(peer);
  const allowed =
    typeof policy.user === 'number' ? policy.user : uidOf(policy.user, kernel.readText('/etc/passwd') ?? '');
  if (uid !== undefined && (uid === 0 || uid === allowed)) return;
  throw new BrambleError(
    'permission-denied',
    `the helper does not serve ${uid === undefined ? 'unknown users' : `uid ${uid}`}`,
    {
      hint: `its policy names the user ${JSON.stringify(policy.user)}`,
    },
  );
}

async function carryOut(
  request: HelperRequest,
  policy: HelperPolicy,
  { services, configActuator }: HelperOptions,
): Promise<readonly string[] | undefined> {
  const { signal } = new AbortController(); // what has begun is finished: the adapters have limits of their own
  if (request.verb === 'reboot') {
    if (!policy.reboot) throw notAllowed('reboot');
    await services.reboot(signal);
    return undefined;
  }
  if (request.verb !== 'restart-unit') {
    return carryOutConfig(request, await configActuator(policy.config), signal);
  }
  if (!policy.units.includes(request.unit)) throw notAllowed(`restart of ${JSON.stringify(request.unit.slice(0, 64))}`);
  await services.restart(request.unit, signal);
  return undefined;
}

function notAllowed(what: string): BrambleError {
  return new BrambleError('permission-denied', `${what} is not on this machine's list`, {
    hint: 'root may add it to the policy file of the helper',
  });
}
