/** One line of the log that dnsmasq or rpc.mountd writes, in their own file or as syslog shows it. */

/** Local time as a log shows it; without a year where the log has none. */
export interface LineStamp {
  /** `undefined`: classic stamps have none. */
  readonly year: number | undefined;
  /** 1..12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

export type BootLine =
  | {
      readonly kind: 'dhcp';
      readonly message: 'discover' | 'offer' | 'request' | 'ack' | 'nak';
      readonly transaction: string;
      readonly interfaceName: string;
      readonly mac: string;
      /** Empty where the message has none. */
      readonly address: string;
      /** True: a NAK to a client that wants the offer of another server. */
      readonly otherServer: boolean;
    }
  /** Told before the message of the same transaction, and only with log-dhcp. */
  | { readonly kind: 'vendor-class'; readonly transaction: string; readonly text: string }
  | {
      readonly kind: 'file';
      readonly outcome: 'sent' | 'not-found' | 'failed';
      readonly path: string;
      readonly address: string;
    }
  /** A request that dnsmasq refuses to everybody: a write, or a file outside of its root. `address` is empty where it does not say. */
  | { readonly kind: 'refused'; readonly address: string }
  | { readonly kind: 'mount'; readonly address: string; readonly path: string };

export interface StampedLine {
  readonly head: LineHead;
  readonly line: BootLine;
}

/** What stands before the message, and is the same for dozens of lines. */
export interface LineHead {
  readonly text: string;
  readonly stamp: LineStamp;
  readonly program: string;
}

/** Longer lines are cut before they are read: a client can make dnsmasq write half a kilobyte of its own choice. */
export const LINE_CHARACTERS_MAX = 1_024;

const HEAD =
  /^(?:([A-Z][a-z]{2}) ([ \d]\d) |(\d{4})-(\d\d)-(\d\d)T)(\d\d):(\d\d):(\d\d)(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)? (?:[\w.-]+ )?(dnsmasq-dhcp|dnsmasq-tftp|rpc\.mountd|mountd)\[\d+\]$/;
const HEAD_END = ']: ';
/** First letters of the messages that are read, where log-dhcp puts the number of a transaction before them, and elsewhere. */
const NUMBERED = 'Dv';
const PLAIN = 'Dsfuca';
const ZERO = 0x30;
const NINE = 0x39;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const ADDRESS = String.raw`\d{1,3}(?:\.\d{1,3}){3}`;
const DHCP = new RegExp(
  String.raw`^(?:(\d+) )?DHCP(DISCOVER|OFFER|REQUEST|ACK|NAK)\(([\w.@:-]{1,32})\) (?:(${ADDRESS}) )?([0-9a-f]{2}(?::[0-9a-f]{2}){5})(?: (.*))?$`,
);
const VENDOR = /^(\d+) vendor class: (.*)$/;
const WHOLE_ADDRESS = new RegExp(`^${ADDRESS}$`);
const MOUNT = new RegExp(String.raw`^authenticated mount request from (${ADDRESS}):\d+ for (\S+) `);

/**
 * `undefined` for every other line. dnsmasq leaves out what is not printable in names of clients and files, so that a line is
 * a line. Source: dnsmasq 2.90, src/rfc2131.c log_packet(), src/tftp.c; nfs-utils support/export/auth.c.
 *
 * An agent has its regular expressions interpreted, and a shelf that boots is thousands of lines. So two of three, which tell of
 * options and tags, are passed over by one letter; and a head is not read again when it is the one `before`.
 */
export function parseBootLine(text: string, before?: LineHead): StampedLine | undefined {
  const end = text.indexOf(HEAD_END);
  if (end < 0 || !isTelling(text, end + HEAD_END.length)) return undefined;
  const head = before !== undefined && isHeadOf(before, text, end) ? before : parseHead(text.slice(0, end + 1));
  if (head === undefined) return undefined;
  const rest = text.slice(end + HEAD_END.length, LINE_CHARACTERS_MAX);
  const line = READERS[head.program]?.(rest);
  return line === undefined ? undefined : { head, line };
}

function isTelling(text: string, begin: number): boolean {
  const first = text.charCodeAt(begin);
  const isNumbered = first >= ZERO && first <= NINE;
  const letter = text.charAt(isNumbered ? text.indexOf(' ', begin) + 1 : begin);
  return letter !== '' && (isNumbered ? NUMBERED : PLAIN).includes(letter);
}

const isHeadOf = (head: LineHead, text: string, end: number): boolean =>
  head.text.length === end + 1 && text.startsWith(head.text);

function parseHead(text: string): LineHead | undefined {
  const match = HEAD.exec(text);
  if (match === null) return undefined;
  const [, monthName, dayText, yearText, monthText, isoDay, hour, minute, second, program = ''] = match;
  const month = monthName === undefined ? Number(monthText) : MONTHS.indexOf(monthName) + 1;
  if (month === 0) return undefined;
  const stamp = {
    year: yearText === undefined ? undefined : Number(yearText),
    month,
    day: Number(dayText ?? isoDay),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
  };
  return { text, stamp, program };
}

/** By the name of the program. */
const READERS: Readonly<Record<string, (text: string) => BootLine | undefined>> = {
  'dnsmasq-dhcp': dhcpLine,
  'dnsmasq-tftp': fileLine,
  'rpc.mountd': mountLine,
  mountd: mountLine,
};

const MESSAGES = { DISCOVER: 'discover', OFFER: 'offer', REQUEST: 'request', ACK: 'ack', NAK: 'nak' } as const;

function dhcpLine(text: string): BootLine | undefined {
  const match = DHCP.exec(text);
  if (match === null) return vendorLine(text);
  const [, transaction = '', word = '', interfaceName = '', address = '', mac = '', more = ''] = match;
  const message = Object.entries(MESSAGES).find(([name]) => name === word)?.[1];
  if (message === undefined) return undefined;
  const otherServer = message === 'nak' && more === 'wrong server-ID';
  return { kind: 'dhcp', message, transaction, interfaceName, mac, address, otherServer };
}

function vendorLine(text: string): BootLine | undefined {
  const match = VENDOR.exec(text);
  if (match === null) return undefined;
  return { kind: 'vendor-class', transaction: match[1] ?? '', text: (match[2] ?? '').slice(0, 64) };
}

/** What stands before and after the name of a file. */
const FILE_FORMS = [
  { before: 'sent ', after: ' to ', outcome: 'sent' },
  { before: 'file ', after: ' not found for ', outcome: 'not-found' },
  { before: 'failed sending ', after: ' to ', outcome: 'failed' },
] as const;
const UNSUPPORTED = 'unsupported request from ';

function fileLine(text: string): BootLine | undefined {
  for (const { before, after, outcome } of FILE_FORMS) {
    if (!text.startsWith(before)) continue;
    // The name is the client's own choice: only the end of the line, which dnsmasq writes, tells who asked.
    const at = text.lastIndexOf(after);
    const address = text.slice(at + after.length);
    if (at < before.length || !WHOLE_ADDRESS.test(address)) return undefined;
    return { kind: 'file', outcome, path: text.slice(before.length, at), address };
  }
  if (text.startsWith(UNSUPPORTED)) {
    const address = text.slice(UNSUPPORTED.length);
    return WHOLE_ADDRESS.test(address) ? { kind: 'refused', address } : undefined;
  }
  return text.startsWith('cannot access ') ? { kind: 'refused', address: '' } : undefined;
}

function mountLine(text: string): BootLine | undefined {
  const match = MOUNT.exec(text);
  return match === null ? undefined : { kind: 'mount', address: match[1] ?? '', path: match[2] ?? '' };
}
