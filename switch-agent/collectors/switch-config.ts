import { type Collector, noData, ok } from '../../agent/kit/collect/collector.js';
import { Samples } from '../../agent/kit/collectors/sample.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { SWITCH_CHANGE_STATES } from '../../proto/contract/facts.js';
import { fileMark } from '../../proto/contract/switch/file-mark.js';
import type { TrialPhase } from '../actuator/trial.js';
import { parseStatus } from '../commands/ask.js';

const INTERVAL_MS = 60_000;
const DRIFTS_TOLD = 3;

const STATES: Readonly<Record<TrialPhase, number>> = {
  armed: SWITCH_CHANGE_STATES['being-made'],
  written: SWITCH_CHANGE_STATES['being-made'],
  'on-trial': SWITCH_CHANGE_STATES['on-trial'],
  restoring: SWITCH_CHANGE_STATES['being-taken-back'],
  frozen: SWITCH_CHANGE_STATES.frozen,
};

/** How the newest change goes, and where the kernel differs from the file, through the helper. */
export function makeSwitchConfigCollector(): Collector {
  return {
    name: 'switch-config',
    intervalMs: INTERVAL_MS,
    timeoutMs: 75_000,
    async collect({ machine }, signal) {
      let text: string;
      try {
        text = await machine.own('{"kind":"status"}', signal);
      } catch (error) {
        const { code, message } = BrambleError.from(error);
        if (code === 'unsupported' || code === 'not-found') return noData(message);
        throw error;
      }
      const { changeId, phase, why, drift, interfaces } = parseStatus(text);
      const samples = new Samples();
      const isPhase = (word: string): word is TrialPhase => Object.hasOwn(STATES, word);
      samples.number('switch_change_state', isPhase(phase) ? STATES[phase] : SWITCH_CHANGE_STATES.none);
      samples.text('switch_change_text', `${changeId} ${why}`.trim());
      samples.text('switch_file_text', fileMark(interfaces));
      samples.number('switch_drift_count', drift.length);
      samples.text('switch_drift_text', drift.slice(0, DRIFTS_TOLD).join('; '));
      return ok(samples.list);
    },
  };
}
