import { link, rename, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { BrambleError } from '../proto/contract/errors.js';

/** Longest path of a Unix socket (sun_path of unix(7), without its final NUL). */
export const SOCKET_PATH_BYTES_MAX = 107;

/** How long a living holder may take to answer before it counts as alive but stuck. */
const ANSWER_MS_MAX = 1_000;

export interface DataLock {
  release(): Promise<void>;
}

/**
 * Makes sure that one controller at a time uses a data directory. The lock is a listening Unix socket: the kernel ends
 * it with its process, however that dies, so a stale one is told from a living one by connecting, never by a pid that
 * may belong to somebody else by now.
 * @param name of the lock: whoever starts controllers has one of its own
 * @throws BrambleError `failed-precondition` when another process holds it
 */
export async function lockDataDir(dataDir: string, pid: number, name = 'lock'): Promise<DataLock> {
  const path = join(dataDir, `${name}.sock`);
  const own = join(dataDir, `${name}-${pid}.sock`);
  if (Buffer.byteLength(own) > SOCKET_PATH_BYTES_MAX) {
    throw new BrambleError('failed-precondition', `the path of the data directory is too long: ${dataDir}`, {
      hint: 'Unix sockets live in it; choose a path of at most 80 bytes',
    });
  }
  await rm(own, { force: true }); // of a dead process with our pid
  const server = await listen(own, pid);
  try {
    await takeName(own, path);
  } catch (thrown) {
    server.close();
    throw thrown;
  } finally {
    await rm(own, { force: true });
  }
  return {
    release: async () => {
      await rm(path, { force: true });
      server.close();
    },
  };
}

/** link(2) fails when the name is taken: of two that start at once, one gets it. */
async function takeName(own: string, path: string): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    if (await linked(own, path)) return;
    const holder = await holderOf(path);
    if (holder !== undefined) throw heldBy(holder, path);
    // Moved aside and asked again: between the two questions a third process may have put a living one there.
    const aside = `${own}.stale`;
    await rename(path, aside).catch(() => undefined); // gone already: somebody else cleaned up
    const survivor = await holderOf(aside);
    if (survivor !== undefined) await linked(aside, path);
    await rm(aside, { force: true });
    if (survivor !== undefined) throw heldBy(survivor, path);
  }
  throw heldBy('another process', path);
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST') return false;
    throw new BrambleError('failed-precondition', `cannot make ${to}`, {
      hint: 'the data directory must be on a local filesystem that its user may write',
      cause: thrown,
    });
  }
}

function heldBy(holder: string, path: string): BrambleError {
  return new BrambleError('failed-precondition', `${holder} already uses this data directory (${path})`, {
    hint: 'stop the other one, or name another directory with --data',
  });
}

function listen(path: string, pid: number): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined); // whoever asked is gone
    socket.end(`${pid}\n`);
  });
  server.unref();
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const hint = 'the data directory must be on a local filesystem that its user may write';
      reject(new BrambleError('failed-precondition', `cannot make ${path}: ${cause.message}`, { hint, cause }));
    });
    server.listen(path, () => {
      resolve(server);
    });
  });
}

/** Who listens there, in words; `undefined` when nobody does. */
function holderOf(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(path);
    socket.setTimeout(ANSWER_MS_MAX, () => {
      socket.destroy();
      resolve('a process that does not answer');
    });
    socket.on('data', (chunk) => {
      answer += chunk.toString('ascii', 0, 16);
    });
    socket.on('error', () => {
      resolve(undefined);
    });
    socket.on('end', () => {
      socket.destroy();
      resolve(/^\d+\n$/.test(answer) ? `process ${answer.trim()}` : 'another process');
    });
  });
}
