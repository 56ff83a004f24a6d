/** The output of several ranks on one terminal: their lines one below the other, and below them one progress bar. */

/** How a launcher begins the lines of a rank: MPICH with `[3] `, Open MPI with `[1,3]<stdout>:`. */
const PREFIX = /^\[(?:\d+,)?(\d+)\](?:<\w+>:| )/;
const CLEAR_LINE = "\r\x1b[K";
// biome-ignore lint/suspicious/noControlCharactersInRegex: what colors begin with.
const COLORS = /\x1b\[[\d;]*m/g;

type Stream = "stdout" | "stderr";

/**
 * Tells bars from lines: what ends with a carriage return alone is to be written over. Where several ranks draw a bar, that of the lowest of them is shown. It goes
 * when its rank writes a line, or the job is over.
 */
export class RankOutput {
  private bar: { readonly rank: number; readonly text: string } | undefined;
  /** Pieces of lines whose ends are still to come. */
  private readonly begun: Record<Stream, string> = { stdout: "", stderr: "" };
  /** Of which rank the last piece was: launchers say it when that changes, and where a line begins. */
  private readonly rank: Record<Stream, number> = { stdout: -1, stderr: -1 };

  /** @param write Bars go to the standard output. @param columns How wide the terminal is now. */
  constructor(
    private readonly write: (stream: Stream, text: string) => void,
    private readonly columns: () => number,
  ) {}

  /** Takes what the launcher wrote, which may end anywhere. */
  take(stream: Stream, text: string): void {
    const pieces = `${this.begun[stream]}${text}`.split(/(?<=\n|\r(?!\n))/);
    this.begun[stream] = /[\n\r]$/.test(pieces.at(-1)!) ? "" : pieces.pop()!;
    for (const piece of pieces) {
      const prefix = PREFIX.exec(piece);
      if (prefix !== null) this.rank[stream] = Number(prefix[1]);
      const rank = this.rank[stream];
      if (piece.endsWith("\n")) this.showLine(stream, rank, piece);
      else this.showBar(rank, prefix === null ? `[${rank}] ${piece.slice(0, -1)}` : piece.slice(0, -1));
    }
  }

  /** Shows what is left of lines, and no bar any longer. */
  end(): void {
    this.erase();
    this.bar = undefined;
    for (const stream of ["stdout", "stderr"] as const) this.write(stream, this.begun[stream]);
  }

  private showLine(stream: Stream, rank: number, line: string): void {
    this.erase();
    this.write(stream, line);
    if (this.bar?.rank === rank) this.bar = undefined;
    this.draw();
  }

  private showBar(rank: number, text: string): void {
    if (this.bar !== undefined && this.bar.rank < rank) return;
    this.erase();
    this.bar = { rank, text };
    this.draw();
  }

  private erase(): void {
    if (this.bar !== undefined) this.write("stdout", CLEAR_LINE);
  }

  private draw(): void {
    if (this.bar === undefined) return;
    const { text } = this.bar;
    const plain = text.replace(COLORS, "");
    // A bar of more than one line could not be erased.
    const room = this.columns() - 1;
    this.write("stdout", plain.length > room ? plain.slice(0, room) : text);
  }
}
