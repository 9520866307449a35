import { z } from 'zod';
import { BrambleError } from '../../proto/contract/errors.js';
import { parseOverlayPrefix } from '../../proto/contract/overlay/network.js';
import type { AlertSettings } from '../usecases/alerts/ports.js';
import type { OverlaySettings } from '../usecases/overlay/ports.js';
import { Alerts } from './alerts.js';
import { parseDurationMs } from './duration.js';

/** Everything about a controller that its operator may choose. Durations are milliseconds once parsed. */
export interface ControllerConfig {
  readonly dataDir: string;
  readonly http: HttpConfig;
  readonly link: Listen & {
    /** "host:port" under which agents reach the link listener, most preferred first; empty = derived from the host's name. */
    readonly advertise: readonly string[];
  };
  readonly enrol: Listen & {
    /** "host:port" that is handed out with join tokens. */
    readonly advertise: string | undefined;
  };
  /** gRPC health and reflection on 127.0.0.1, in clear; `undefined` = none. 0 = any free port. */
  readonly introspectionPort: number | undefined;
  readonly cadence: { readonly reportIntervalMs: number };
  /** `undefined` = there is none. */
  readonly overlay: OverlaySettings | undefined;
  /** Who is told of incidents. */
  readonly alerts: AlertSettings;
  /** How work leaves a node before it is disrupted; `undefined` = nobody is told. */
  readonly drain: DrainConfig | undefined;
  readonly log: { readonly level: LogLevel };
  readonly retention: {
    readonly eventsMs: number;
    readonly commandsMs: number;
    readonly historyMs: number;
  };
}

/** See drain/make-drain.ts. */
type DrainConfig =
  | { readonly kind: 'webhook'; readonly url: string; readonly secretFile: string; readonly timeoutMs: number }
  | { readonly kind: 'command'; readonly command: readonly [string, ...string[]]; readonly timeoutMs: number };

export interface HttpConfig extends Listen {
  /** More names under which the page may be opened, beside its address and those of loopback. */
  readonly names: readonly string[];
  /** PEM files; needed to listen beyond loopback. */
  readonly tls: { readonly certificate: string; readonly key: string } | undefined;
  /** Who may scrape /metrics without a token: whoever is on this machine, or nobody. */
  readonly metrics: 'loopback' | 'token';
}

export interface Listen {
  readonly host: string;
  /** 0 = any free port; the ready line says which. */
  readonly port: number;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

const DAY_MS = 86_400_000;

const port = z.number().int().min(0).max(65_535);
const host = z.string().min(1).max(255);
const endpoint = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, 'must be "host:port", an IPv6 host in brackets');
const dnsName = z
  .string()
  .max(253)
  .regex(/^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$/, 'must be the name of a host');
const filePath = z.string().startsWith('/', 'must be an absolute path').max(4096);

function duration(minMs: number, maxMs: number, fallbackMs: number) {
  return z
    .string()
    .transform((text, context) => {
      const ms = parseDurationMs(text);
      if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms;
      context.addIssue(
        ms === undefined
          ? 'must be a duration such as "30s", "5m", "12h" or "90d"'
          : `must be between ${minMs / 1000} s and ${maxMs / 1000} s`,
      );
      return z.NEVER;
    })
    .default(fallbackMs);
}

function checkOverlayPrefix(text: string, context: z.RefinementCtx): void {
  try {
    parseOverlayPrefix(text);
  } catch (thrown) {
    context.addIssue(BrambleError.from(thrown).message);
  }
}

const Config = z.strictObject({
  dataDir: z.string().startsWith('/', 'must be an absolute path').max(4096).default('/var/lib/bramble'),
  http: z
    .strictObject({
      host: host.default('127.0.0.1'),
      port: port.default(8080),
      names: z.array(dnsName).max(16).default([]),
      tls: z.strictObject({ certificate: filePath, key: filePath }).optional(),
      metrics: z.enum(['loopback', 'token']).default('loopback'),
    })
    .prefault({}),
  link: z
    .strictObject({
      host: host.default('::'),
      port: port.default(7443),
      advertise: z.array(endpoint).max(8).default([]),
    })
    .prefault({}),
  enrol: z
    .strictObject({ host: host.default('::'), port: port.default(7442), advertise: endpoint.optional() })
    .prefault({}),
  introspection: z.strictObject({ port: port.optional() }).prefault({}),
  cadence: z.strictObject({ reportInterval: duration(1_000, 3_600_000, 30_000) }).prefault({}),
  overlay: z
    .strictObject({
      prefix: z.string().max(64).superRefine(checkOverlayPrefix),
      host,
      listen: host.default('::'),
      port: port.min(1).default(1194),
      tcpPort: port.default(443),
      nodePorts: z.array(port.min(1)).max(32).default([22]),
      services: z.enum(['systemd', 'child']).default('systemd'),
    })
    .optional(),
  alerts: Alerts,
  drain: z
    .union([
      z.strictObject({
        webhook: z.url({ protocol: /^https?$/ }).max(2_048),
        secretFile: filePath,
        timeout: duration(1_000, 1_500_000, 300_000),
      }),
      z.strictObject({
        command: z.tuple([filePath], z.string().max(1_024)).describe('a program and its arguments; no shell'),
        timeout: duration(1_000, 1_500_000, 300_000),
      }),
    ])
    .optional(),
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']).default('info') }).prefault({}),
  retention: z
    .strictObject({
      events: duration(DAY_MS, 3650 * DAY_MS, 90 * DAY_MS),
      commands: duration(DAY_MS, 3650 * DAY_MS, 365 * DAY_MS),
      history: duration(DAY_MS, 3650 * DAY_MS, 30 * DAY_MS),
    })
    .prefault({}),
});

/**
 * Judges what a configuration file holds; the caller has read it. An empty file is a valid one.
 * @throws BrambleError `invalid-argument` once, with every problem and its path
 */
export function parseConfig(raw: unknown, from: string): ControllerConfig {
  const parsed = Config.safeParse(raw ?? {});
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || '(top)'}: ${issue.message}`);
    throw new BrambleError('invalid-argument', `${from} is not usable: ${problems.join('; ')}`, {
      hint: 'correct the configuration and start again; OPERATIONS.md lists every setting',
    });
  }
  const { dataDir, http, link, enrol, introspection, cadence, overlay, alerts, drain, log, retention } = parsed.data;
  return {
    dataDir,
    http: { ...http, tls: http.tls },
    link,
    enrol: { host: enrol.host, port: enrol.port, advertise: enrol.advertise },
    introspectionPort: introspection.port,
    cadence: { reportIntervalMs: cadence.reportInterval },
    overlay,
    alerts,
    drain: drain && drainConfig(drain),
    log,
    retention: { eventsMs: retention.events, commandsMs: retention.commands, historyMs: retention.history },
  };
}

function drainConfig(drain: NonNullable<z.output<typeof Config>['drain']>): DrainConfig {
  if ('webhook' in drain) {
    return { kind: 'webhook', url: drain.webhook, secretFile: drain.secretFile, timeoutMs: drain.timeout };
  }
  return { kind: 'command', command: drain.command, timeoutMs: drain.timeout };
}
