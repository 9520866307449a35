import { describeRules } from '../testing/describe-rules.js';
import { log, on, type RuleRows } from '../testing/rule-rows.js';
import { CARD_RULES } from './card.js';

const ROWS: RuleRows = {
  'two failures of a card within an hour are a warning': {
    type: 'CardFailing',
    from: log({}),
    told: log({ 'card-timeout': 1, 'card-reset': 1 }),
    want: 'warning',
  },
  'three failures of a card within an hour are an error': {
    type: 'CardFailing',
    from: log({ 'card-timeout': 1 }),
    told: log({ 'card-timeout': 3, 'card-reset': 1 }),
    want: 'error',
    says: '3 lines of the kernel’s log within 1 h: the SD card did not answer in time; the kernel had to reset the SD card',
  },
  'a card that failed long ago is fine': {
    type: 'CardFailing',
    from: log({ 'card-timeout': 9 }),
    told: log({ 'card-timeout': 9 }),
    want: 'fine',
  },
  'three errors of a card are a warning': {
    type: 'CardErrors',
    from: log({}),
    told: log({ 'card-error': 3 }),
    want: 'warning',
  },
  'two errors of a card are fine': { type: 'CardErrors', from: log({}), told: log({ 'card-error': 2 }), want: 'fine' },
  'a card that forgets is an error': {
    type: 'CardVerifyFailed',
    told: on('mmcblk0', 'card_verify_state', 2),
    want: 'error',
  },
  'a card that was not verified yet is no trouble': {
    type: 'CardVerifyFailed',
    told: on('mmcblk0', 'card_verify_state', 3),
    want: 'fine',
  },
  'a card that went back to an older number is an error': {
    type: 'CardForgot',
    from: { card_verify_state: { mmcblk0: 1 }, card_verify_sequence_count: { mmcblk0: 9 } },
    told: { card_verify_state: { mmcblk0: 1 }, card_verify_sequence_count: { mmcblk0: 7 } },
    want: 'error',
    says: 'mmcblk0 lost the last 2 writes of those that are looked for after a boot',
  },
  'a card whose number goes on is fine': {
    type: 'CardForgot',
    from: { card_verify_state: { mmcblk0: 1 }, card_verify_sequence_count: { mmcblk0: 9 } },
    told: { card_verify_state: { mmcblk0: 1 }, card_verify_sequence_count: { mmcblk0: 10 } },
    want: 'fine',
  },
  'a chip in the ninth tenth of its life is a warning': {
    type: 'CardWorn',
    told: on('mmcblk0', 'card_life_used_permille', 900),
    want: 'warning',
    says: 'mmcblk0 has used up to 90 % of its estimated life',
  },
  'a chip in the eighth tenth is fine': {
    type: 'CardWorn',
    told: on('mmcblk0', 'card_life_used_permille', 800),
    want: 'fine',
  },
  'a chip in the last tenth is a warning': {
    type: 'CardWorn',
    told: on('mmcblk0', 'card_life_used_permille', 1_000),
    want: 'warning',
  },
  'a chip beyond its life is an error': {
    type: 'CardWorn',
    told: on('mmcblk0', 'card_life_used_permille', 1_001),
    want: 'error',
  },
  'a chip with its reserve is fine': {
    type: 'CardReserveLow',
    told: on('mmcblk0', 'card_reserve_state', 1),
    want: 'fine',
  },
  'a chip with a fifth of its reserve is a warning': {
    type: 'CardReserveLow',
    told: on('mmcblk0', 'card_reserve_state', 2),
    want: 'warning',
  },
  'a chip with a tenth of its reserve is an error': {
    type: 'CardReserveLow',
    told: on('mmcblk0', 'card_reserve_state', 3),
    want: 'error',
  },
};

describeRules(CARD_RULES, ROWS);
