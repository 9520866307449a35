/** How far something is that takes a while. */
export interface Progress {
  /** 0 to 100, whole; 100 is said when it is on storage. */
  readonly percent: number;
  readonly doneBytes: number;
  /** 0 = there are no bytes to count. */
  readonly totalBytes: number;
}
