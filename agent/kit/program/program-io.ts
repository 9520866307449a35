/** A file of settings or secrets, with who may read it. */
export interface SettingsFile {
  readonly text: string;
  /** Permission bits, such as 0o600. */
  readonly mode: number;
}

/** What a program sees of the process that it runs in. main.ts hands in the real one. */
export interface ProgramIo {
  /** Without the interpreter and the script. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Standard output: what was asked for. */
  out(text: string): void;
  /** Standard error: what people should know. */
  error(text: string): void;
  /** Aborts when the process is asked to end (SIGTERM, SIGINT). */
  stopSignal(): AbortSignal;
  /** Calls before the process dies of a bug. */
  onCrash(call: (error: unknown) => void): void;
  /** `undefined` when there is no such file. */
  readSettings(path: string): Promise<SettingsFile | undefined>;
}
