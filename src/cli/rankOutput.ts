/** The output of several ranks on one terminal: their lines one below the other, and below them one progress bar. */

/** How a launcher begins the lines of a rank: MPICH with `[3] `, Open MPI with `[1,3]<stdout>:`. */
const PREFIX = /^\[(?:\d+,)?(\d+)\](?:<\w+>:| )/;
const CLEAR_LINE = "\r\x1b[K";
// biome-ignore lint/suspicious/noControlCharactersInRegex: what colors begin with.
const COLORS = /\x1b\[[\d;]*m/g;
/** Characters that take two columns. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
/** A bar that has not moved for so long leaves its place to that of another rank (ms): its rank may be gone. */
const PATIENCE = 5000;

type Stream = "stdout" | "stderr";

/**
 * Tells bars from lines: what ends with a carriage return alone is to be written over. Where several ranks draw a bar, that of the lowest of them is shown. It goes
 * when its rank writes a line, or the job is over.
 */
export class RankOutput {
  private bar: { readonly rank: number; readonly text: string; readonly time: number } | undefined;
  /** Pieces of lines whose ends are still to come. */
  private readonly begun: Record<Stream, string> = { stdout: "", stderr: "" };
  /** Of which rank the last piece was: launchers say it when that changes, and where a line begins. */
  private readonly rank: Record<Stream, number | undefined> = { stdout: undefined, stderr: undefined };
  /** The text of a bar that the last piece of a stream was: its line ends if a line feed follows. */
  private readonly returned: Record<Stream, string | undefined> = { stdout: undefined, stderr: undefined };

  /** @param write Bars go to the standard output. @param columns How wide the terminal is now. */
  constructor(
    private readonly write: (stream: Stream, text: string) => void,
    private readonly columns: () => number,
  ) {}

  /** Takes what the launcher wrote, which may end anywhere. */
  take(stream: Stream, text: string): void {
    const pieces = `${this.begun[stream]}${text}`.split(/(?<=\n|\r(?!\n))/);
    this.begun[stream] = /[\n\r]$/.test(pieces.at(-1)!) ? "" : pieces.pop()!;
    for (const piece of pieces) this.show(stream, piece);
  }

  private show(stream: Stream, piece: string): void {
    const returned = this.returned[stream];
    this.returned[stream] = undefined;
    const prefix = PREFIX.exec(piece);
    if (prefix !== null) this.rank[stream] = Number(prefix[1]);
    const rank = this.rank[stream];
    if (piece === "\n" && returned !== undefined) this.showLine(stream, rank, `${returned}\n`);
    else if (piece.endsWith("\n")) this.showLine(stream, rank, piece);
    else {
      const text = piece.slice(0, -1);
      this.returned[stream] = text;
      // Before a launcher has named a rank, a bar is nobody's.
      if (rank !== undefined) this.showBar(rank, prefix === null ? `[${rank}] ${text}` : text);
    }
  }

  /** Shows what is left of lines, and no bar any longer. */
  end(): void {
    this.erase();
    this.bar = undefined;
    for (const stream of ["stdout", "stderr"] as const) this.write(stream, this.begun[stream]);
  }

  private showLine(stream: Stream, rank: number | undefined, line: string): void {
    this.erase();
    this.write(stream, line);
    if (this.bar?.rank === rank) this.bar = undefined;
    this.draw();
  }

  private showBar(rank: number, text: string): void {
    const { bar } = this;
    const time = performance.now();
    if (bar !== undefined && bar.rank < rank && time - bar.time < PATIENCE) return;
    this.erase();
    this.bar = { rank, text, time };
    this.draw();
  }

  private erase(): void {
    if (this.bar !== undefined) this.write("stdout", CLEAR_LINE);
  }

  private draw(): void {
    if (this.bar === undefined) return;
    const { text } = this.bar;
    // A bar of more than one line could not be erased. One that is cut loses its colors, which might not end otherwise.
    let room = this.columns() - 1;
    let shown = "";
    for (const character of text.replace(COLORS, "")) {
      room -= WIDE.test(character) ? 2 : 1;
      if (room >= 0) shown += character;
    }
    this.write("stdout", room < 0 ? shown : text);
  }
}
