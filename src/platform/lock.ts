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
    private readonly files: FileSystem,
    private readonly path: string,
  ) {
    this.timer = setInterval(() => void files.utimes(path, new Date(), new Date()).catch(() => {}), BEAT);
    (this.timer as { unref?: () => void }).unref?.();
  }

  /** Waits until nobody else has the lock, or its holder is dead. */
  static async take(op: string, files: FileSystem, path: string): Promise<FileLock> {
    const holder = thisProcess();
    for (;;) {
      if (await place(op, files, path, holder)) return new FileLock(files, path);
      if (await isDead(files, path)) await bury(files, path, holder.key);
      else await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }

  /** Takes the lock if nobody else has it, or its holder is dead. @returns The lock, or who has it. */
  static async tryTake(op: string, files: FileSystem, path: string): Promise<FileLock | Holder> {
    const holder = thisProcess();
    for (let since = Date.now(); ; ) {
      if (await place(op, files, path, holder)) return new FileLock(files, path);
      const other = await holderOf(files, path);
      if (other === undefined ? await isDead(files, path) : await isGone(files, path, other))
        await bury(files, path, holder.key);
      else if (other !== undefined) return other;
      // A lock without content is being written, or was when its process ended.
      else if (Date.now() - since > WRITING) await bury(files, path, holder.key);
      else await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }

  async release(): Promise<void> {
    clearInterval(this.timer);
    await this.files.rm(this.path, { force: true });
  }
}

function thisProcess(): Holder {
  const pid = nodeModule<typeof import("node:process")>("node:process")?.pid ?? 0;
  return { host: hostName(), pid, key: crypto.randomUUID(), born: birthOf(pid) };
}

/** Makes the lock's file. @returns Whether nobody had made it before. */
async function place(op: string, files: FileSystem, path: string, holder: Holder): Promise<boolean> {
  try {
    await files.writeFile(path, JSON.stringify(holder), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "EEXIST") return false;
    throw explain(op, "write", path, error);
  }
}

async function holderOf(files: FileSystem, path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await files.readFile(path, "utf8")) as Holder;
  } catch {
    return undefined;
  }
}

/** Whether a holder has ended. One that is known to live need not give signs of it: a loop that never waits cannot. */
async function isGone(files: FileSystem, path: string, holder: Holder): Promise<boolean> {
  if (hasEnded(holder)) return true;
  return holder.host === hostName() && holder.born !== undefined ? false : await isDead(files, path);
}

async function isDead(files: FileSystem, path: string): Promise<boolean> {
  try {
    const { mtimeMs } = await files.stat(path);
    if (Date.now() - mtimeMs > PATIENCE) return true;
    return hasEnded(JSON.parse(await files.readFile(path, "utf8")) as Holder);
  } catch {
    // It is gone, or was not written yet.
    return false;
  }
}

/** Takes the lock of a dead process away: of several that try, the move succeeds for one. */
async function bury(files: FileSystem, path: string, key: string): Promise<void> {
  const grave = `${path}.${key}`;
  try {
    await files.rename(path, grave);
    await files.rm(grave, { force: true });
  } catch {
    // Another process was faster.
  }
}
