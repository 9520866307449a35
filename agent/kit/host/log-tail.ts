/** Ports for what only some agents follow: logs of other programs, and datagrams that others send. */

/** How far a log was read. It outlives the process that read it. */
export interface TailPosition {
  /** Tells one file from another of the same name. */
  readonly fileId: string;
  readonly offsetBytes: number;
}

export interface TailRead {
  /** Whole lines that were added, oldest first, without line ends. */
  readonly lines: readonly string[];
  readonly position: TailPosition;
  /** Bytes that were passed over: too much at once, or a line without an end. */
  readonly skippedBytes: number;
  /** There is more to read at once. */
  readonly more: boolean;
}

/** Follows text files that only grow, and are rotated by rename (".1") or by cutting them to nothing. */
export interface LogTail {
  /**
   * What was added since `from`, at most 256 KiB; without it the last 256 KiB. `undefined` when there is no such file.
   * @throws BrambleError of the storage, `permission-denied` among them
   */
  read(path: string, from: TailPosition | undefined): Promise<TailRead | undefined>;
}

/** A time as a log shows it, in the time zone of this machine. */
export interface LocalStamp {
  /** `undefined`: the year that brings it nearest. */
  readonly year: number | undefined;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** Ms since 1970-01-01 UTC of a stamp that was written about `nearMs`. */
export type LocalTime = (stamp: LocalStamp, nearMs: number) => number;

export interface Datagram {
  /** Address of the sender, without its port. */
  readonly from: string;
  readonly text: string;
}

/** A UDP socket that only listens. */
export interface Datagrams {
  /**
   * Hands over what comes in until the signal aborts.
   * @throws BrambleError `unavailable` when the port cannot be had
   */
  listen(port: number, onDatagram: (datagram: Datagram) => void, signal: AbortSignal): Promise<void>;
}
