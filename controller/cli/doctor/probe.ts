import type { SeenCertificate } from './gathered.js';

/** What a doctor tries on the machine and the network that it runs on, beside asking the controller. */
export interface Probe {
  /** @throws BrambleError `unavailable`, with the system's error as its cause */
  addressesOf(host: string): Promise<readonly string[]>;
  /** Opens a TCP connection and closes it. @throws BrambleError `unavailable`, `deadline-exceeded` */
  connect(host: string, port: number): Promise<void>;
  /** What a TLS server shows, trusted or not. @throws BrambleError `unavailable`, `deadline-exceeded` */
  certificateOf(host: string, port: number, caPem: string | undefined): Promise<SeenCertificate>;
  /** Room on the filesystem of a path; `undefined` = it does not tell. */
  freeBytes(path: string): Promise<number | undefined>;
}
