/** The terminal that a program runs in, if it runs in one. */
import { environment, nodeModule, runtime } from "./platform";

interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): void;
}

type Streams = Partial<Record<"stdout" | "stderr", Stream>>;

const streams = (): Streams | undefined =>
  runtime === "browser" ? undefined : (globalThis as { process?: Streams }).process;

const output = (): Stream | undefined => streams()?.stdout;

/** Whether what is written goes to a terminal and not into a file or a pipe. */
export const isTerminal = (): boolean => output()?.isTTY === true;

/** Letters in a line. */
export const terminalColumns = (): number => output()?.columns ?? 80;

/** Writes to the standard output; where there is none, to the console. */
export function writeText(text: string): void {
  const stream = output();
  if (stream === undefined) console.log(text);
  else stream.write(text);
}

/** Writes to one of a program's two streams, where it has them. */
export const writeTo = (stream: "stdout" | "stderr", text: string): void => streams()?.[stream]?.write(text);

/** How a terminal shows pictures: by a protocol of its own, or by colored half blocks, which all have. */
export type PictureProtocol = "kitty" | "iterm2" | "sixel" | "blocks";

/** What the environment says of the terminal. */
export function pictureProtocol(read: (name: string) => string | undefined = environment): PictureProtocol {
  const [term, program] = [read("TERM") ?? "", read("TERM_PROGRAM") ?? ""];
  // A multiplexer passes no pictures on.
  if (read("TMUX") !== undefined || term.startsWith("screen")) return "blocks";
  if (read("KITTY_WINDOW_ID") !== undefined || /kitty|ghostty/.test(term) || program === "ghostty") return "kitty";
  if (program === "iTerm.app" || program === "WezTerm" || read("LC_TERMINAL") === "iTerm2") return "iterm2";
  return /sixel|mlterm|foot/.test(term) ? "sixel" : "blocks";
}

/** The path of a new file for a short while, in a folder of its own. Undefined where there are no files. */
export async function temporaryPath(name: string): Promise<string | undefined> {
  const files = nodeModule<typeof import("node:fs/promises")>("node:fs/promises");
  if (files === undefined) return undefined;
  const { tmpdir } = nodeModule<typeof import("node:os")>("node:os")!;
  const { join } = nodeModule<typeof import("node:path")>("node:path")!;
  return join(await files.mkdtemp(join(tmpdir(), "kindling-")), name);
}
