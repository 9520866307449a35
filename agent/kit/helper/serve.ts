import { BrambleError } from '../../../proto/contract/errors.js';
import type { KernelFiles } from '../host/ports.js';
import { carryOut, type HelperMeans } from './carry-out.js';
import { type HelperPolicy, parsePolicy, uidOf } from './policy.js';
import { OWN_LINE_LIMIT_BYTES, parseRequest, renderLine, renderProgress, replyOf } from './protocol.js';

/** The accepted connection: standard input and output of this process. */
export interface HelperConnection {
  /** The first line, without its end. @throws BrambleError `invalid-argument` beyond the limit, `deadline-exceeded` */
  readLine(limitBytes: number): Promise<string>;
  /** Answers, and lets go of the connection: a caller that stays must not hold the process. */
  answer(text: string): Promise<void>;
  /** A line before the answer; lost when nobody listens. */
  tell(text: string): void;
  /** Aborts when the caller is no longer there, or this process is asked to end. Told from the first line on. */
  readonly gone: AbortSignal;
  /** Aborts when the caller asks to end what he asked for. */
  readonly stopped: AbortSignal;
}

export interface HelperOptions extends HelperMeans {
  /** Instance name that systemd gave this connection: it carries the peer's uid. */
  readonly peer: string;
  readonly connection: HelperConnection;
  /** Content of root's own policy file; refuses a file that somebody else could have written. */
  readonly readPolicy: () => Promise<string>;
  /** For messages. */
  readonly policyPath: string;
  readonly kernel: Pick<KernelFiles, 'readText'>;
}

/**
 * One request of one connection, then the process ends: it holds root rights for milliseconds, and keeps no state that
 * a caller could poison. Answers with the exit status: refused requests are the caller's affair, and 0.
 */
export async function serveHelper(options: HelperOptions): Promise<number> {
  const { connection, machine } = options;
  try {
    // Read before anything is refused: closing with unread input could take the answer away from the caller.
    const line = await connection.readLine(OWN_LINE_LIMIT_BYTES);
    const policy = parsePolicy(await options.readPolicy(), options.policyPath);
    checkPeer(options, policy);
    const request = parseRequest(line);
    // What a killed process left blinking; not knowing how stops nobody from asking for something else.
    await machine.endBlink(connection.gone).catch(() => undefined);
    const done = await carryOut(request, policy, options, {
      gone: connection.gone,
      stopped: connection.stopped,
      tell: (progress) => {
        connection.tell(renderProgress(progress));
      },
    });
    await connection.answer(renderLine({ ok: true, ...done }));
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
