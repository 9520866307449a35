import type { ConditionRule, Level, Measure, Where } from '../../controller/domain/condition-rule.js';
import { renderBytes, renderDuration, renderPercent } from '../../proto/contract/words.js';

/** The table of conditions of OPERATIONS.md, in Markdown, one line per rule. */
export function conditionsTable(rules: readonly ConditionRule[]): string {
  const rows = rules.map(
    (rule) => `| \`${rule.type}\` | ${rule.title} | ${whenWords(rule)} | ${rule.remedy.replaceAll('|', '\\|')} |`,
  );
  return ['| condition | means | when | what to do |', '|---|---|---|---|', ...rows].join('\n');
}

function whenWords({ measure, when, levels, forMs, onlyWhere, notWhere }: ConditionRule): string {
  const limits = levels.map((level) => limitWords(measure, when, level)).join(', ');
  const words = [
    `${measureWords(measure)}: ${limits}`,
    forMs === 0 ? '' : `for ${renderDuration(forMs)}`,
    'withinBootMs' in measure && measure.withinBootMs !== undefined
      ? `in the first ${renderDuration(measure.withinBootMs)} of a boot`
      : '',
    onlyWhere === undefined ? '' : `only where ${whereWords(onlyWhere)}`,
    notWhere === undefined ? '' : `not where ${whereWords(notWhere)}`,
  ];
  return words.filter((part) => part !== '').join('; ');
}

const code = (name: string): string => `\`${name}\``;
const list = (names: readonly string[], joint: string): string => names.map(code).join(joint);
const whereWords = ({ fact, values }: Where): string => `${code(fact)} is ${values.join(', ')}`;

function measureWords(measure: Measure): string {
  switch (measure.kind) {
    case 'value':
    case 'age':
      return code(measure.fact);
    case 'magnitude':
      return `${code(measure.fact)} without its sign`;
    case 'ratio':
      return `${code(measure.fact)} / ${code(measure.of)}`;
    case 'difference':
      return `${code(measure.fact)} − ${code(measure.minus)}`;
    case 'is-one-of':
      return `${code(measure.fact)} is ${measure.values.join(' or ')}`;
    case 'signs':
      return [...measure.flags.map(code), ...measure.log.map((rule) => `log ${code(rule)}`)].join(' or ');
    case 'increase':
      return `${list(measure.facts, ' + ')} within ${renderDuration(measure.withinMs)}`;
    case 'step-back':
      return `${code(measure.fact)} went back within ${renderDuration(measure.withinMs)}`;
    case 'log-lines':
      return `log ${list(measure.log, ', ')} within ${renderDuration(measure.withinMs)}`;
    case 'boots':
      return `boots within ${renderDuration(measure.withinMs)}`;
  }
}

function limitWords(measure: Measure, when: ConditionRule['when'], { severity, at }: Level): string {
  switch (measure.kind) {
    case 'is-one-of':
    case 'signs':
    case 'step-back':
      return severity;
    case 'increase':
    case 'log-lines':
    case 'boots':
      return `${severity} from ${valueWords('facts' in measure ? measure.facts[0] : '', at)} on`;
    case 'age':
      return `${severity} after ${renderDuration(at)}`;
    case 'ratio': {
      const value = measure.fact.endsWith('_milli') ? String(at / 1_000) : renderPercent(at);
      return `${severity} ${when === 'below' ? 'below' : 'from'} ${value}`;
    }
    default:
      return `${severity} ${when === 'below' ? 'below' : 'from'} ${valueWords(measure.fact, at)}`;
  }
}

/** The number with the unit that ends the fact's name. */
function valueWords(fact: string, value: number): string {
  const unit = /_(bytes|permille|us|ms|s|millidegrees|mbps)$/.exec(fact)?.[1];
  switch (unit) {
    case 'bytes':
      return renderBytes(value);
    case 'permille':
      return renderPercent(value / 1_000);
    case 'us':
      return renderDuration(value / 1_000);
    case 'ms':
      return renderDuration(value);
    case 's':
      return renderDuration(value * 1_000);
    case 'millidegrees':
      return `${value / 1_000} °C`;
    case 'mbps':
      return `${value} Mbit/s`;
    default:
      return String(value);
  }
}
