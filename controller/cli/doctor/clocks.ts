import { visible } from '../../../proto/contract/visible.js';
import { renderCount, renderDuration } from '../../../proto/contract/words.js';
import { type Check, type Finding, type Gathered, ofFacts } from './gathered.js';

const LOCAL_OFFSET = { warnMs: 5_000, failMs: 60_000 } as const;
/** The Date header has whole seconds. */
const HEADER_PRECISION_MS = 1_000;
const STEPPED_MS_MAX = 5_000;

/** The clock of this machine against the controller's: times that are typed here count there. */
export const checkLocalClock: Check = (gathered) => {
  const seen = clocksSeen(gathered);
  if (seen === undefined) return [];
  const offsetMs = seen.localMs - seen.controllerMs;
  const surelyMs = Math.abs(offsetMs) - seen.toleranceMs;
  const direction = offsetMs > 0 ? 'ahead of' : 'behind';
  if (surelyMs < LOCAL_OFFSET.warnMs) {
    return [{ check: 'local-clock', verdict: 'ok', message: 'this machine’s clock agrees with the controller’s' }];
  }
  return [
    {
      check: 'local-clock',
      verdict: surelyMs < LOCAL_OFFSET.failMs ? 'warn' : 'fail',
      message: `this machine’s clock is ${renderDuration(Math.abs(offsetMs))} ${direction} the controller’s`,
      remedy: 'run timedatectl on both machines: the one without a time service is likely wrong',
    },
  ];
};

function clocksSeen({ facts, answered }: Gathered) {
  if (facts !== undefined && 'value' in facts) {
    const { localMs, nowMs, roundTripMs } = facts.value;
    return { localMs, controllerMs: nowMs, toleranceMs: roundTripMs / 2 };
  }
  if (answered === undefined || 'error' in answered) return undefined;
  const { localMs, controllerMs, roundTripMs } = answered.value;
  if (controllerMs === undefined) return undefined;
  return { localMs, controllerMs, toleranceMs: roundTripMs / 2 + HEADER_PRECISION_MS };
}

/** Whether the controller's own clock was set while it ran, and whether anything keeps it right. */
export const checkControllerClock: Check = ofFacts(({ clockSteppedMs, upForMs, host }): readonly Finding[] => {
  const check = 'controller-clock';
  if (Math.abs(clockSteppedMs) > STEPPED_MS_MAX) {
    const direction = clockSteppedMs > 0 ? 'forward' : 'back';
    const by = renderDuration(Math.abs(clockSteppedMs));
    return [
      {
        check,
        verdict: 'warn',
        message: `it was set ${direction} by ${by} within ${renderDuration(upForMs)}, or the machine slept`,
        remedy:
          'see what sets it (journalctl -u systemd-timesyncd -u chrony); a controller’s machine should never sleep',
      },
    ];
  }
  if (host.clockSynchronised === 'yes') {
    return [{ check, verdict: 'ok', message: 'a time service keeps it' }];
  }
  const remedy = 'run timedatectl there; without a service: apt install systemd-timesyncd';
  if (host.clockSynchronised === 'no') {
    return [{ check, verdict: 'warn', message: 'nothing keeps it right, says its kernel', remedy }];
  }
  return [{ check, verdict: 'unknown', message: 'nobody there can say whether anything keeps it right', remedy }];
});

export const checkNodeClocks: Check = ofFacts(({ nodes: { clocks, inService } }): readonly Finding[] => {
  const check = 'node-clocks';
  if (clocks.count === 0) {
    return [{ check, verdict: 'ok', message: `no trouble with the clocks of ${renderCount(inService, 'node')}` }];
  }
  const [first] = clocks.first;
  const example = first === undefined ? '' : `, such as ${visible(first.name)}: ${visible(first.message)}`;
  return [
    {
      check,
      verdict: 'warn',
      message: `${renderCount(clocks.count, 'clock')} of ${inService} wrong${example}`,
      remedy: 'bramble why NODE tells more; bramble node step-clock NODE sets it',
    },
  ];
});
