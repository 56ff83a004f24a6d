/** The output of several ranks on a terminal: lines below each other, one progress bar below them. */
import { expect, test, vi } from "vitest";
import { RankOutput } from "../../src/cli/rankOutput";

/** What a terminal shows of the output of ranks, line by line. */
function terminal(columns = 80) {
  let text = "";
  const write = (_: string, part: string): void => {
    text += part;
  };
  const lines = () => text.split("\n").map((line) => line.split("\r\x1b[K").at(-1)!);
  return { output: new RankOutput(write, () => columns), lines };
}

function shown(pieces: readonly (readonly ["stdout" | "stderr", string])[], columns = 80): string[] {
  const { output, lines } = terminal(columns);
  for (const [stream, piece] of pieces) output.take(stream, piece);
  const during = lines();
  output.end();
  expect(lines().at(-1)).toBe("");
  return during;
}

test("lines stand above the bar, whatever their rank and stream, and a newer bar takes the place of the last", () => {
  expect(
    shown([
      ["stdout", "[0] begins\n[0] 1/3\r"],
      ["stdout", "[1] a line\n"],
      ["stderr", "[2] a warning\n"],
      ["stdout", "[0] 2/3\r"],
    ]),
  ).toEqual(["[0] begins", "[1] a line", "[2] a warning", "[0] 2/3"]);
});

test("of several ranks that draw bars, that of the lowest is shown", () => {
  const bars = [
    ["stdout", "[2] 1/3\r"],
    ["stdout", "[1] 2/3\r[2] 2/3\r"],
  ] as const;
  expect(shown(bars)).toEqual(["[1] 2/3"]);
  expect(shown([...bars, ["stdout", "[1] over\n"]])).toEqual(["[1] over", ""]);
  expect(shown([...bars, ["stdout", "[1] over\n[2] 3/3\r"]])).toEqual(["[1] over", "[2] 3/3"]);
});

test("pieces may end anywhere, and a rank is said only when it changes", () => {
  expect(shown([...`[1,3]<stdout>:1/2\r2/2\r[1,0]<stdout>:a line\n`].map((letter) => ["stdout", letter]))).toEqual([
    "[1,0]<stdout>:a line",
    "[3] 2/2",
  ]);
});

test("a line may end with a carriage return and a line feed, in one piece or in two", () => {
  expect(shown([["stdout", "[0] hello\r\nnext\n"]]).map((line) => line.trimEnd())).toEqual(["[0] hello", "next", ""]);
  const two = [
    ["stdout", "[0] hello\r"],
    ["stdout", "\n[0] next\n"],
  ] as const;
  expect(shown(two)).toEqual(["[0] hello", "[0] next", ""]);
});

test("a bar of nobody is not shown, and hides none", () => {
  expect(shown([["stdout", "starting\r[1] 1/2\r"]])).toEqual(["[1] 1/2"]);
});

test("a bar that no longer moves makes room for that of another rank", () => {
  const now = vi.spyOn(performance, "now").mockReturnValue(0);
  const { output, lines } = terminal();
  output.take("stdout", "[0] 1/9\r[1] 2/9\r");
  expect(lines()).toEqual(["[0] 1/9"]);
  now.mockReturnValue(6000);
  output.take("stdout", "[1] 3/9\r");
  expect(lines()).toEqual(["[1] 3/9"]);
  now.mockRestore();
});

test("a bar is cut where the terminal ends, and colors take no room", () => {
  expect(shown([["stdout", "[0] 0123456789\r"]], 10)).toEqual(["[0] 01234"]);
  expect(shown([["stdout", "[0] \x1b[32m01234\x1b[0m\r"]], 10)).toEqual(["[0] \x1b[32m01234\x1b[0m"]);
  expect(shown([["stdout", "[0] 🚀🚀🚀🚀\r"]], 10)).toEqual(["[0] 🚀🚀"]);
});

test("what has no end is shown when the job is over", () => {
  const { output, lines } = terminal();
  output.take("stdout", "[0] 1/2\r");
  output.take("stderr", "[1] killed");
  output.end();
  expect(lines()).toEqual(["[1] killed"]);
});
