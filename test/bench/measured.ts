import { createInterface } from 'node:readline';
import { runFileserverPolls } from './fileserver-poll.js';
import { runKernelLog } from './kernel-log.js';
import { runPolls } from './poll.js';

/** Parts of an agent, alone in a process and built like it: what the first word names. Asked by lines on standard input. */
const PARTS: Readonly<Record<string, (lines: AsyncIterable<string>) => Promise<void>>> = {
  poll: runPolls,
  'fileserver-poll': runFileserverPolls,
  'kernel-log': runKernelLog,
};

const part = PARTS[process.argv[2] ?? ''];
if (part === undefined) throw new Error(`name one of: ${Object.keys(PARTS).join(', ')}`);
await part(createInterface({ input: process.stdin }));
