import { parseArgs } from 'node:util';
import { BrambleError } from '../../proto/contract/errors.js';

export const USAGE = `usage: npm start -- [--data DIR] [--port N] [--advertise HOST]

  --data DIR        where everything is kept; ./.bramble when not given
  --port N          port of the page on 127.0.0.1; 8080 when not given, 0 for any free one
  --advertise HOST  let other machines join: listen on every address, and tell them to come to HOST
  --version
`;

export interface QuickstartFlags {
  readonly mode: 'run' | 'version' | 'help';
  readonly data: string;
  readonly port: number;
  readonly advertise: string | undefined;
}

/** @throws BrambleError `invalid-argument` */
export function parseFlags(argv: readonly string[]): QuickstartFlags {
  const values = parseOrThrow(argv);
  const port = values.port ?? '8080';
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new BrambleError('invalid-argument', `--port ${JSON.stringify(port)} is not a port`, {
      hint: 'a port is a number from 0 to 65535',
    });
  }
  if (values.advertise !== undefined && !/^([A-Za-z0-9.-]{1,253}|\[[0-9a-fA-F:.]+\])$/.test(values.advertise)) {
    throw new BrambleError('invalid-argument', `--advertise ${JSON.stringify(values.advertise)} is not a host`, {
      hint: 'give a name or an address of this machine, an IPv6 address in brackets, without a port',
    });
  }
  const mode = values.version === true ? 'version' : values.help === true ? 'help' : 'run';
  return { mode, data: values.data ?? '.bramble', port: Number(port), advertise: values.advertise };
}

function parseOrThrow(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        data: { type: 'string' },
        port: { type: 'string' },
        advertise: { type: 'string' },
        version: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw new BrambleError('invalid-argument', message, { hint: '--help lists the options', cause: thrown });
  }
}
