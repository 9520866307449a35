import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { TokenCreated } from '../../proto/contract/api/requests.js';

/** The unit that a first user may restart without harm. */
export const EXAMPLE_UNIT = 'bramble-example.service';
export const SITE = 'home';

export interface QuickstartPaths {
  readonly dataDir: string;
  readonly adminSocket: string;
  readonly controllerConfig: string;
  readonly agentDir: string;
  readonly agentState: string;
  readonly agentConfig: string;
  readonly tokenFile: string;
  readonly demoDir: string;
  /** Where `bramble demo` speaks to the demo site. */
  readonly demoSocket: string;
  /** What is broken there, for its programs. */
  readonly demoBreaksFile: string;
  readonly demoTokenFile: string;
  readonly demoFileserverTokenFile: string;
  readonly demoSwitchTokenFile: string;
  readonly logs: string;
}

export function pathsIn(dataDir: string): QuickstartPaths {
  const agentDir = join(dataDir, 'agent');
  const demoDir = join(dataDir, 'demo');
  return {
    dataDir,
    adminSocket: join(dataDir, 'admin.sock'),
    controllerConfig: join(dataDir, 'controller.yaml'),
    agentDir,
    agentState: join(agentDir, 'state'),
    agentConfig: join(agentDir, 'agent.yaml'),
    tokenFile: join(agentDir, 'token'),
    demoDir,
    demoSocket: join(demoDir, 'demo.sock'),
    demoBreaksFile: join(demoDir, 'breaks.json'),
    demoTokenFile: join(demoDir, 'token'),
    demoFileserverTokenFile: join(demoDir, 'fileserver-token'),
    demoSwitchTokenFile: join(demoDir, 'switch-token'),
    logs: join(dataDir, 'logs'),
  };
}

export interface ControllerPorts {
  readonly httpPort: number;
  readonly linkPort: number;
  readonly enrolPort: number;
  /** Host under which other machines come; `undefined` = this machine only. */
  readonly advertise: string | undefined;
}

/** Written anew at every start: the file shows what runs, the command line decides. */
export async function writeControllerConfig(paths: QuickstartPaths, ports: ControllerPorts): Promise<void> {
  const { httpPort, linkPort, enrolPort, advertise } = ports;
  const host = advertise === undefined ? '127.0.0.1' : '::';
  const known = advertise ?? '127.0.0.1';
  const config = {
    dataDir: paths.dataDir,
    http: { host: '127.0.0.1', port: httpPort },
    link: { host, port: linkPort, advertise: [`${known}:${linkPort}`] },
    enrol: { host, port: enrolPort, advertise: `${known}:${enrolPort}` },
    cadence: { reportInterval: '5s' },
  };
  await writeYaml(paths.controllerConfig, config);
}

/** The agent of this machine. It knows one harmless service, run as its child, that may be restarted. */
export async function writeAgentConfig(paths: QuickstartPaths, join: TokenCreated | undefined): Promise<void> {
  const { agentDir, agentState, agentConfig, tokenFile } = paths;
  await mkdir(agentDir, { recursive: true, mode: 0o700 });
  const config: Record<string, unknown> = {
    stateDir: agentState,
    allowedUnits: [EXAMPLE_UNIT],
    services: { child: { units: { [EXAMPLE_UNIT]: ['sleep', 'infinity'] } } },
  };
  if (join !== undefined) {
    await writeFile(tokenFile, `${join.token}\n`, { mode: 0o600 });
    config['join'] = { controller: join.enrollEndpoint, pin: join.spkiPin, tokenFile };
  }
  await writeYaml(agentConfig, config);
}

export async function writeYaml(path: string, value: unknown): Promise<void> {
  await writeFile(path, `# Written by npm start at every start.\n${stringify(value)}`, { mode: 0o600 });
}
