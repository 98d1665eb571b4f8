/** A wall clock for a server under test, by libfaketime: it stands apart from the real one and can jump. */
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const LIBRARIES = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map(
  (machine) => `/usr/lib/${machine}/faketime/libfaketimeMT.so.1`,
);

/** Why there is none. */
export const NO_FAKE_CLOCK = 'libfaketime is not installed (apt-get install libfaketime)';

/** A clock that can be set while a process looks at it. */
export interface FakeClock {
  /** What the process has to be started with. */
  readonly env: Readonly<Record<string, string>>;
  /** Set it apart from the real one. @param offset Seconds with a sign, as `-3600`. */
  jump(offset: string): void;
  remove(): void;
}

/** A clock that shows the real time, until it jumps; undefined where the library is not there. */
export function fakeClock(): FakeClock | undefined {
  const library = LIBRARIES.find((path) => existsSync(path));
  if (library === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'garnish-clock-'));
  const file = join(folder, 'offset');
  const jump = (offset: string) => {
    writeFileSync(`${file}.new`, `${offset}\n`);
    renameSync(`${file}.new`, file);
  };
  jump('+0');
  const env = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
  return { env, jump, remove: () => rmSync(folder, { recursive: true }) };
}
