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

/** Who holds a lock. */
interface Holder {
  readonly host: string;
  readonly pid: number;
  readonly key: string;
}

/** Whether a process of this machine is known to have ended. */
function hasEnded({ host, pid }: Holder): boolean {
  if (host !== hostName()) return false;
  const process = nodeModule<typeof import("node:process")>("node:process");
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
    const pid = nodeModule<typeof import("node:process")>("node:process")?.pid ?? 0;
    const holder: Holder = { host: hostName(), pid, key: crypto.randomUUID() };
    for (;;) {
      try {
        await files.writeFile(path, JSON.stringify(holder), { flag: "wx" });
        return new FileLock(files, path);
      } catch (error) {
        if ((error as { code?: string }).code !== "EEXIST") throw explain(op, "write", path, error);
      }
      if (await isDead(files, path)) await bury(files, path, holder.key);
      else await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }

  async release(): Promise<void> {
    clearInterval(this.timer);
    await this.files.rm(this.path, { force: true });
  }
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
