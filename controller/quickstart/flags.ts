import { parseArgs } from 'node:util';
import { BrambleError } from '../../proto/contract/errors.js';

export const USAGE = `usage: npm start -- [--data DIR] [--port N] [--advertise HOST] [--demo-pis N] [--demo-calm]

  --data DIR        where everything is kept; ./.bramble when not given
  --port N          port of the page on 127.0.0.1; 8080 when not given, 0 for any free one
  --advertise HOST  let other machines join: listen on every address, and tell them to come to HOST
  --demo-pis N      simulated Pis beside this machine; 24 when not given, 0 for none
  --demo-calm       they have no small troubles of their own: nothing happens but what somebody does
  --version
`;

/** As many as the program of the demo site takes. */
const DEMO_PIS_MAX = 200;

export interface QuickstartFlags {
  readonly mode: 'run' | 'version' | 'help';
  readonly data: string;
  readonly port: number;
  readonly advertise: string | undefined;
  /** 0 = no demo site. */
  readonly demoPis: number;
  /** The Pis of the demo site have no small troubles of their own. */
  readonly isDemoCalm: boolean;
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
  const demoPis = values['demo-pis'] ?? '24';
  if (!/^\d{1,3}$/.test(demoPis) || Number(demoPis) > DEMO_PIS_MAX) {
    throw new BrambleError('invalid-argument', `--demo-pis ${JSON.stringify(demoPis)} is not a number of Pis`, {
      hint: `give a number from 0 to ${DEMO_PIS_MAX}`,
    });
  }
  const mode = values.version === true ? 'version' : values.help === true ? 'help' : 'run';
  const data = values.data ?? '.bramble';
  const isDemoCalm = values['demo-calm'] === true;
  return { mode, data, port: Number(port), advertise: values.advertise, demoPis: Number(demoPis), isDemoCalm };
}

function parseOrThrow(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        data: { type: 'string' },
        port: { type: 'string' },
        advertise: { type: 'string' },
        'demo-pis': { type: 'string' },
        'demo-calm': { type: 'boolean' },
        version: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw new BrambleError('invalid-argument', message, { hint: '--help lists the options', cause: thrown });
  }
}
