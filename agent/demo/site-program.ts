import { BrambleError } from '../../proto/contract/errors.js';
import type { JoinFile } from '../kit/enroll/join.js';
import type { Log } from '../kit/log.js';
import { makeProgramLog } from '../kit/program/log.js';
import type { ProgramIo } from '../kit/program/program-io.js';
import { joinOf, parseSiteConfig, type SiteConfig } from './site-config.js';

export interface SiteProgram {
  /** As the program is called. */
  readonly name: string;
  readonly io: ProgramIo;
  /** Of --config. */
  readonly configPath: string | undefined;
}

export interface SiteRun {
  readonly config: SiteConfig;
  readonly join: JoinFile | undefined;
  readonly log: Log;
}

/** What the programs of a demo site share: configuration, log, and an exit status in the end. */
export async function siteProgram(
  { name, io, configPath }: SiteProgram,
  run: (site: SiteRun, stop: AbortSignal) => Promise<void>,
): Promise<number> {
  const log = makeProgramLog(name, 'info');
  io.onCrash((error) => {
    log.error({ err: error }, 'a bug ends the demo site');
    log.flush();
  });
  try {
    const file = configPath === undefined ? undefined : await io.readSettings(configPath);
    if (configPath === undefined || file === undefined)
      throw new BrambleError('not-found', 'name a file with --config');
    const config = parseSiteConfig(file.text, configPath);
    const token = config.join === undefined ? undefined : (await io.readSettings(config.join.tokenFile))?.text;
    const stop = io.stopSignal();
    io.out(`${JSON.stringify({ started: true, pis: config.pis })}\n`);
    await run({ config, join: joinOf(config, token), log }, stop);
    return 0;
  } catch (thrown) {
    io.error(`${name}: ${BrambleError.from(thrown).message}\n`);
    return 1;
  } finally {
    log.flush();
  }
}

/** Every line says whose it is. */
export function logWith(log: Log, node: string): Log {
  return {
    info: (fields, message) => log.info({ ...fields, node }, message),
    warn: (fields, message) => log.warn({ ...fields, node }, message),
    error: (fields, message) => log.error({ ...fields, node }, message),
  };
}
