import { BUILD_TIME_MS, VERSION } from '../../../proto/contract/build.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { type ActionPolicy, limitHandlers } from '../actions/index.js';
import { makeUnitsCollector } from '../collectors/units.js';
import type { AgentConfig } from '../config.js';
import { makeNodeClock } from '../host/node/clock.js';
import { makeNodeExec } from '../host/node/exec.js';
import { makeNodeHost } from '../host/node/host.js';
import { makeGrpcNet } from '../host/node/net.js';
import { makeMemoryTidier } from '../host/node/tidy-memory.js';
import { runAgent } from '../run-agent.js';
import { Notifier } from '../systemd/notify.js';
import type { AgentProgram } from './agent-program.js';
import { type LoadedConfig, loadConfig, refuseReadableKeys } from './load-config.js';
import { makeProgramLog, type ProgramLog } from './log.js';
import { openConfigActuator, openMeans, openTunnel } from './means.js';
import type { ProgramIo } from './program-io.js';

/** Runs as an agent until the process is asked to end. */
export async function runDaemon(program: AgentProgram, io: ProgramIo, configPath: string): Promise<number> {
  const loaded = await loadConfig(configPath, io.readSettings);
  await refuseReadableKeys(loaded.config.stateDir ?? program.stateDir, io.readSettings);
  const log = makeProgramLog(program.name, loaded.config.logLevel);
  io.onCrash((error) => {
    log.error({ err: error }, 'a bug ends the agent');
    log.flush();
  });
  try {
    await run(program, io, loaded, log);
    return 0;
  } catch (thrown) {
    const error = BrambleError.from(thrown);
    log.error({ err: error, hint: error.hint }, 'the agent ends');
    return 1;
  } finally {
    log.flush();
  }
}

async function run(program: AgentProgram, io: ProgramIo, loaded: LoadedConfig, log: ProgramLog): Promise<void> {
  const { config, join } = loaded;
  const stop = io.stopSignal();
  const clock = makeNodeClock();
  const exec = makeNodeExec();
  const notifier = new Notifier({
    exec,
    clock,
    socket: io.environment['NOTIFY_SOCKET'],
    watchdogUsec: io.environment['WATCHDOG_USEC'],
    onError: (error) => {
      log.warn({ err: error }, 'systemd was not told');
    },
  });
  stop.addEventListener('abort', () => void notifier.stopping(), { once: true });
  const means = openMeans(config, program.own?.orders());
  const host = makeNodeHost({ root: '/', net: makeGrpcNet(), ...means });
  const stateDir = config.stateDir ?? program.stateDir;
  try {
    const policy = actionPolicy(program, config);
    const base = openConfigActuator(config);
    const agent = runAgent(
      {
        kind: program.kind,
        version: VERSION,
        host,
        log,
        stateDir,
        join,
        collectors: (probe) => [
          ...program.collectors(probe, {
            stateDir,
            verifyWrites: config.verifyWrites ? { files: host.files, stateDir } : undefined,
          }),
          ...(config.allowedUnits.length > 0 ? [makeUnitsCollector(config.allowedUnits)] : []),
        ],
        watches: (probe) => program.watches?.(probe, stateDir) ?? [],
        handlers: limitHandlers(program.handlers(policy, stateDir), policy),
        configActuator: program.configActuator?.(host, base) ?? base,
        tunnel: openTunnel(config, means.services),
        buildTimeMs: BUILD_TIME_MS,
        progress: () => {
          notifier.progress();
        },
        tidyMemory: makeMemoryTidier(),
        notifyReady: () => void notifier.ready(),
      },
      stop,
    );
    const [outcome] = await Promise.all([agent, notifier.run(stop)]);
    return outcome;
  } finally {
    await means.close();
  }
}

/** What commands may do here, and what diagnostics show of the configuration: never the join token, in a file or not. */
function actionPolicy(
  { name, stateDir }: AgentProgram,
  { allowedUnits, allowedMounts, ...config }: AgentConfig,
): ActionPolicy {
  const { join, services, helperSocket, logLevel } = config;
  return {
    allowedUnits,
    allowedMounts,
    actionsPerHour: config.actionsPerHour,
    journalUnits: [...new Set([`${name}.service`, ...allowedUnits])],
    settings: {
      stateDir: config.stateDir ?? stateDir,
      join: join === undefined ? 'none' : { controller: join.controller, pin: join.pin },
      allowedUnits,
      allowedMounts,
      actionsPerHour: config.actionsPerHour ?? 'no limit',
      helperSocket: helperSocket ?? 'none',
      services: services.kind,
      verifyWrites: config.verifyWrites,
      logLevel,
    },
  };
}
