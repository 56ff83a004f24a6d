/** Locks between processes: a file that only one of them can make. */
import { explain } from "./files";
import { nodeModule } from "./platform";

type FileSystem = typeof import("node:fs/promises");

/** Milliseconds between two looks at a lock that another process has. */
const PAUSE = 100;
/** Milliseconds between two signs of life of the holder. */
const BEAT = 2000;
/** Milliseconds without a sign of life after which a holder is taken for dead. */
const PATIENCE = 20_000;
/** Milliseconds that a lock may take to be written. */
const WRITING = 2000;

/** Who holds a lock. */
export interface Holder {
  readonly host: string;
  readonly pid: number;
  readonly key: string;
  /** When its process began, where the system tells: numbers of processes come again, in containers at every start. */
  readonly born?: string;
}

/** The beginning of a process in Linux: the boot, and the time since. */
function birthOf(pid: number): string | undefined {
  const files = nodeModule<typeof import("node:fs")>("node:fs");
  try {
    const boot = files!.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const fields = files!.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
    return `${boot} ${fields[19]}`;
  } catch {
    return undefined;
  }
}

/** Whether a process of this machine is known to have ended. */
function hasEnded({ host, pid, born }: Holder): boolean {
  if (host !== hostName()) return false;
  const process = nodeModule<typeof import("node:process")>("node:process");
  if (born !== undefined && birthOf(process?.pid ?? 0) !== undefined) return birthOf(pid) !== born;
  try {
    process?.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as { code?: string }).code === "ESRCH";
  }
}

const hostName = (): string => nodeModule<typeof import("node:os")>("node:os")?.hostname() ?? "";

export class FileLock {
  private readonly timer: ReturnType<typeof setInterval>;

  private constructor(
    private readonly op: string,
    private readonly files: FileSystem,
    private readonly path: string,
    private readonly text: string,
  ) {
    this.timer = setInterval(() => void files.utimes(path, new Date(), new Date()).catch(() => {}), BEAT);
    (this.timer as { unref?: () => void }).unref?.();
  }

  /** Waits until nobody else has the lock, or its holder is dead. */
  static async take(op: string, files: FileSystem, path: string): Promise<FileLock> {
    for (;;) {
      const lock = await FileLock.place(op, files, path);
      if (lock !== undefined) return lock;
      const seen = await look(op, files, path);
      if (seen !== undefined && isDead(seen)) await FileLock.bury(op, files, path, seen);
      else await pause();
    }
  }

  /** Takes the lock if nobody else has it, or its holder is dead. @returns The lock, or who has it. */
  static async tryTake(op: string, files: FileSystem, path: string): Promise<FileLock | Holder> {
    for (let since = Date.now(); ; ) {
      const lock = await FileLock.place(op, files, path);
      if (lock !== undefined) return lock;
      const seen = await look(op, files, path);
      const holder = seen && holderOf(seen);
      if (seen === undefined) await pause();
      else if (holder === undefined) {
        // A lock without content is being written, or was when its process ended.
        if (isDead(seen) || Date.now() - since > WRITING) await FileLock.bury(op, files, path, seen);
        else await pause();
      } else if (isGone(seen, holder)) await FileLock.bury(op, files, path, seen);
      else return holder;
    }
  }

  async release(): Promise<void> {
    clearInterval(this.timer);
    // One whose process was stopped for so long that it was taken for dead is another's now.
    const { op, files, path, text } = this;
    if ((await look(op, files, path))?.text === text) await files.rm(path, { force: true });
  }

  /** Makes the lock's file. @returns The lock, or undefined where somebody had made it before. */
  private static async place(op: string, files: FileSystem, path: string): Promise<FileLock | undefined> {
    const text = JSON.stringify(thisProcess());
    try {
      await files.writeFile(path, text, { flag: "wx" });
    } catch (error) {
      if ((error as { code?: string }).code === "EEXIST") return undefined;
      throw explain(op, "write", path, error);
    }
    // Where writing it took so long that it was taken for dead, it may be another's.
    return (await look(op, files, path))?.text === text ? new FileLock(op, files, path, text) : undefined;
  }

  /**
   * Takes the lock of a dead process away. Several may have seen it dead, and the first may have the lock by the time the second acts: so one at a time looks
   * again and removes, under a lock of its own.
   */
  private static async bury(op: string, files: FileSystem, path: string, seen: Seen): Promise<void> {
    const turn = await FileLock.take(op, files, `${path}.burial`);
    try {
      const now = await look(op, files, path);
      if (now?.text === seen.text && now.mtimeMs === seen.mtimeMs) await files.rm(path, { force: true });
    } finally {
      await turn.release();
    }
  }
}

function thisProcess(): Holder {
  const pid = nodeModule<typeof import("node:process")>("node:process")?.pid ?? 0;
  return { host: hostName(), pid, key: crypto.randomUUID(), born: birthOf(pid) };
}

/** A lock's file, as it was found. */
interface Seen {
  readonly text: string;
  /** Its last sign of life. */
  readonly mtimeMs: number;
}

/** @returns Undefined where there is none. */
async function look(op: string, files: FileSystem, path: string): Promise<Seen | undefined> {
  try {
    const { mtimeMs } = await files.stat(path);
    return { text: await files.readFile(path, "utf8"), mtimeMs };
  } catch (error) {
    if ((error as { code?: string }).code === "EACCES") throw explain(op, "read", path, error);
    return undefined;
  }
}

/** @returns Undefined while it is being written. */
function holderOf({ text }: Seen): Holder | undefined {
  try {
    return (JSON.parse(text) as Holder | null) ?? undefined;
  } catch {
    return undefined;
  }
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PAUSE));

const isSilent = ({ mtimeMs }: Seen): boolean => Date.now() - mtimeMs > PATIENCE;

/** Whether a holder has ended. One that is known to live need not give signs of it: a loop that never waits cannot. */
const isGone = (seen: Seen, holder: Holder): boolean =>
  hasEnded(holder) || (!(holder.host === hostName() && holder.born !== undefined) && isSilent(seen));

function isDead(seen: Seen): boolean {
  const holder = holderOf(seen);
  return isSilent(seen) || (holder !== undefined && hasEnded(holder));
}
