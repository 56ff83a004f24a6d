/** A line in the terminal that says how far a download is. */
import { nodeModule } from "./platform";

interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const WIDTH = 30;
/** Milliseconds between two looks of the line. */
const PAUSE = 100;

const size = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** The line for a download of `total` bytes (undefined where the server does not say) of which `done` have arrived in `seconds`. */
export function progressLine(name: string, done: number, total: number | undefined, seconds: number): string {
  const speed = `${size(done / Math.max(seconds, 1e-3))}/s`;
  if (total === undefined) return `${name} ${size(done)} ${speed}`;
  const share = Math.min(1, total === 0 ? 1 : done / total);
  const full = Math.round(share * WIDTH);
  const bar = "█".repeat(full) + "░".repeat(WIDTH - full);
  return `${name} [${bar}] ${Math.floor(100 * share)}% ${size(done)}/${size(total)} ${speed}`;
}

/** Shows progress on the terminal of the process; nothing where there is none. */
export class Progress {
  private readonly terminal: Terminal | undefined;
  private readonly begin = performance.now();
  private shownAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly name: string) {
    const process = nodeModule<{ stderr?: Terminal }>("node:process");
    if (process?.stderr?.isTTY === true) this.terminal = process.stderr;
  }

  show(done: number, total: number | undefined): void {
    const time = performance.now();
    if (this.terminal === undefined || time - this.shownAt < PAUSE) return;
    this.shownAt = time;
    this.write(done, total);
  }

  /** The last look, which stays. */
  end(done: number, total: number | undefined): void {
    if (this.terminal === undefined) return;
    this.write(done, total);
    this.terminal.write("\n");
  }

  private write(done: number, total: number | undefined): void {
    const line = progressLine(this.name, done, total, (performance.now() - this.begin) / 1000);
    this.terminal!.write(`\r\x1b[K${line.slice(0, (this.terminal!.columns ?? 80) - 1)}`);
  }
}
