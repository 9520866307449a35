import { parseArgs } from 'node:util';
import { BrambleError } from '../../proto/contract/errors.js';
import type { ControllerConfig } from './config.js';

export const USAGE = `usage: bramble-controller [--config FILE] [--data DIR] [--http-port N] [--link-port N] [--enrol-port N] [--version]
       bramble-controller --data DIR --restore BACKUP

  --config FILE     YAML configuration; defaults apply where it is silent
  --data DIR        where everything that must survive is kept
  --http-port N     status page and API, loopback only
  --link-port N     agents, mutual TLS
  --enrol-port N    agents that have no certificate yet
  --restore BACKUP  put this backup in the place of what DIR holds, and end
`;

/** What the command line asks for; what it does not say stays `undefined`. */
export interface Flags {
  readonly mode: 'run' | 'version' | 'help';
  readonly config: string | undefined;
  readonly data: string | undefined;
  readonly httpPort: number | undefined;
  readonly linkPort: number | undefined;
  readonly enrolPort: number | undefined;
  /** Folder of a backup. */
  readonly restore: string | undefined;
}

/** @throws BrambleError `invalid-argument` */
export function parseFlags(argv: readonly string[]): Flags {
  const { values } = parseOrThrow(argv);
  return {
    mode: values.version === true ? 'version' : values.help === true ? 'help' : 'run',
    config: values.config,
    data: values.data,
    httpPort: portOf('--http-port', values['http-port']),
    linkPort: portOf('--link-port', values['link-port']),
    enrolPort: portOf('--enrol-port', values['enrol-port']),
    restore: values.restore,
  };
}

function parseOrThrow(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        config: { type: 'string' },
        data: { type: 'string' },
        'http-port': { type: 'string' },
        'link-port': { type: 'string' },
        'enrol-port': { type: 'string' },
        restore: { type: 'string' },
        version: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw new BrambleError('invalid-argument', message, { hint: '--help lists the options', cause: thrown });
  }
}

function portOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new BrambleError('invalid-argument', `${flag} ${JSON.stringify(text)} is not a port`, {
    hint: 'a port is a number from 0 to 65535; 0 takes any free one',
  });
}

/** The command line wins over the file. `dataDir` is the flag's value as an absolute path. */
export function withFlags(config: ControllerConfig, flags: Flags, dataDir: string | undefined): ControllerConfig {
  return {
    ...config,
    dataDir: dataDir ?? config.dataDir,
    http: { ...config.http, port: flags.httpPort ?? config.http.port },
    link: { ...config.link, port: flags.linkPort ?? config.link.port },
    enrol: { ...config.enrol, port: flags.enrolPort ?? config.enrol.port },
  };
}
