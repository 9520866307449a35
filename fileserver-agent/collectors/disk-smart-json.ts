import * as z from '../../agent/kit/form.js';
import { BrambleError } from '../../proto/contract/errors.js';

const count = z.optional(z.number());
const ATTRIBUTE = z.object({ id: z.number(), raw: z.optional(z.object({ value: z.number() })) });
const SMART = z.object({
  smartctl: z.object({ exit_status: z.number() }),
  model_name: z.optional(z.string()),
  serial_number: z.optional(z.string()),
  smart_status: z.optional(z.object({ passed: z.optional(z.boolean()) })),
  power_on_time: z.optional(z.object({ hours: count })),
  temperature: z.optional(z.object({ current: count })),
  ata_smart_attributes: z.optional(z.object({ table: z.optional(z.array(ATTRIBUTE)) })),
  nvme_smart_health_information_log: z.optional(z.object({ percentage_used: count, media_errors: count })),
  endurance_used: z.optional(z.object({ current_percent: count })),
});

/** What a disk says of itself. `undefined` = it does not. */
export interface SmartValues {
  readonly model: string | undefined;
  readonly serial: string | undefined;
  readonly passed: boolean | undefined;
  readonly poweredOnHours: number | undefined;
  readonly temperatureCelsius: number | undefined;
  readonly reallocatedCount: number | undefined;
  readonly pendingCount: number | undefined;
  readonly uncorrectableCount: number | undefined;
  readonly cableErrorsCount: number | undefined;
  readonly lifeUsedPercent: number | undefined;
  readonly isPrefail: boolean;
  readonly hasSelfTestFailed: boolean;
}

/** Bits of smartctl's exit status. Source: smartctl(8), EXIT STATUS. */
const BIT = { commandLine: 1, openFailed: 2, failing: 8, prefail: 16, selfTest: 128 } as const;
/** Numbers of ATA attributes. Source: smartmontools, drivedb.h. */
const ATTRIBUTE_ID = { reallocated: 5, pending: 197, uncorrectable: 198, cable: 199 } as const;
/** A larger raw value holds several numbers packed into one: its maker alone knows which. */
const RAW_MAX = 2 ** 32;

/**
 * Reads what `smartctl --json --all` printed. `undefined`: the disk was not asked, because it sleeps or has no SMART.
 * @throws BrambleError `data-loss` for anything else than its JSON
 */
export function parseSmart(text: string): SmartValues | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new BrambleError('data-loss', 'smartctl printed no JSON', { cause });
  }
  const judged = SMART.safeParse(value);
  if (!judged.success) throw new BrambleError('data-loss', 'smartctl printed JSON of another form');
  const { data } = judged;
  const status = data.smartctl.exit_status;
  if ((status & (BIT.commandLine | BIT.openFailed)) !== 0) return undefined;
  const attribute = (id: number): number | undefined => {
    const raw = data.ata_smart_attributes?.table?.find((each) => each.id === id)?.raw?.value;
    return raw !== undefined && raw >= 0 && raw < RAW_MAX ? raw : undefined;
  };
  const nvme = data.nvme_smart_health_information_log;
  return {
    model: data.model_name,
    serial: data.serial_number,
    passed: (status & BIT.failing) !== 0 ? false : data.smart_status?.passed,
    poweredOnHours: data.power_on_time?.hours,
    temperatureCelsius: data.temperature?.current,
    reallocatedCount: attribute(ATTRIBUTE_ID.reallocated),
    pendingCount: attribute(ATTRIBUTE_ID.pending),
    uncorrectableCount: nvme?.media_errors ?? attribute(ATTRIBUTE_ID.uncorrectable),
    cableErrorsCount: attribute(ATTRIBUTE_ID.cable),
    lifeUsedPercent: nvme?.percentage_used ?? data.endurance_used?.current_percent,
    isPrefail: (status & BIT.prefail) !== 0,
    hasSelfTestFailed: (status & BIT.selfTest) !== 0,
  };
}
