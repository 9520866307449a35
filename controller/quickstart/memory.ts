import { randomInt } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { BrambleError } from '../../proto/contract/errors.js';

/** What a first start chose and a second one must find again. */
export interface QuickstartMemory {
  readonly linkPort: number;
  readonly enrolPort: number;
  /** This machine's node, once it has joined. */
  readonly nodeId: string | undefined;
  /** Programs of the last run; they are ended first when that run could not do it. */
  readonly pids: readonly number[];
}

const FILE = 'quickstart.json';
const PORT_MIN = 20_000;
/** Below the range from which the kernel gives ports to outgoing connections (ip_local_port_range). */
const PORT_MAX = 32_000;

/** @throws BrambleError `failed-precondition` when the file is there but not readable as ours */
export async function loadMemory(dataDir: string): Promise<QuickstartMemory> {
  const path = join(dataDir, FILE);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) {
    const linkPort = await freePort();
    return { linkPort, enrolPort: await freePort(linkPort), nodeId: undefined, pids: [] };
  }
  const read = parse(text);
  if (read !== undefined) return read;
  throw new BrambleError('failed-precondition', `${path} is damaged`, {
    hint: 'remove it: other ports are chosen then, and nodes that joined must be told',
  });
}

export async function saveMemory(dataDir: string, memory: QuickstartMemory): Promise<void> {
  const path = join(dataDir, FILE);
  await writeFile(`${path}.new`, `${JSON.stringify(memory, null, 2)}\n`, { mode: 0o600, flush: true });
  await rename(`${path}.new`, path);
}

function parse(text: string): QuickstartMemory | undefined {
  try {
    const read: unknown = JSON.parse(text);
    if (typeof read !== 'object' || read === null) return undefined;
    const { linkPort, enrolPort, nodeId, pids } = read as Record<string, unknown>; // any object has string keys
    if (!isPort(linkPort) || !isPort(enrolPort)) return undefined;
    return {
      linkPort,
      enrolPort,
      nodeId: typeof nodeId === 'string' ? nodeId : undefined,
      pids: Array.isArray(pids) ? pids.filter((pid): pid is number => Number.isInteger(pid) && pid > 1) : [],
    };
  } catch {
    return undefined; // the caller says that it is damaged
  }
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 65_535;
}

async function freePort(taken = 0): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(PORT_MIN, PORT_MAX);
    if (port !== taken && (await canListen(port))) return port;
  }
  throw new BrambleError('unavailable', 'found no free port for agents', { hint: 'end programs that listen' });
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, '127.0.0.1', () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
