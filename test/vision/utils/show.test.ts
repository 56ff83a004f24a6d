/** Pictures and charts where a program runs. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as torch from "kindling";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { pictureProtocol } from "../../../src/platform/terminal";

const { utils, io, Image } = torch.vision;
const folder = mkdtempSync(join(tmpdir(), "kindling-show-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => void vi.restoreAllMocks());

/** What is written to the standard output while `act` runs. */
async function written(act: () => Promise<unknown>): Promise<string> {
  let text = "";
  vi.spyOn(process.stdout, "write").mockImplementation((part) => {
    text += part;
    return true;
  });
  await act();
  vi.restoreAllMocks();
  return text;
}

const picture = torch.tensor(Uint8Array.of(255, 0, 0, 0, 0, 9, 0, 255, 0, 0, 7, 255)).view([3, 2, 2]);

describe("imshow", () => {
  test("writes a file and says where", async () => {
    const text = await written(() => utils.imshow(picture, { path: join(folder, "x.png"), title: "x" }));
    expect(text).toBe(`x: ${join(folder, "x.png")}\n`);
    expect(torch.equal(await io.readImage(join(folder, "x.png")), picture)).toBe(true);
    await written(() => utils.imshow(torch.ones([2, 1, 3, 3]).mul(0.5), { path: join(folder, "y.png") }));
    const grid = await io.readImage(join(folder, "y.png"));
    expect([grid.shape, grid.max().item()]).toEqual([[3, 7, 12], 128]);
  });

  test("draws half blocks", async () => {
    const text = await written(() => utils.imshow(picture, { place: "blocks" }));
    const cell = (above: string, below: string) => `\x1b[38;2;${above}m\x1b[48;2;${below}m▀`;
    expect(text).toBe(`${cell("255;0;0", "0;0;7")}${cell("0;9;0", "0;255;255")}\x1b[0m\n`.replace("0;0;7", "0;0;7"));
  });

  test("speaks the protocols of terminals", async () => {
    const file = Buffer.from((await io.encodePng(picture)).toTypedArray() as Uint8Array).toString("base64");
    expect(await written(() => utils.imshow(picture, { place: "kitty" }))).toBe(`\x1b_Ga=T,f=100,m=0;${file}\x1b\\\n`);
    const inline = await written(() => utils.imshow(picture, { place: "iterm2" }));
    expect(inline.startsWith("\x1b]1337;File=inline=1;size=") && inline.endsWith(`:${file}\x07\n`)).toBe(true);
    const sixel = await written(() =>
      Image.fromImageData({ data: new Uint8Array(16).fill(255), width: 2, height: 2 }).show({ place: "sixel" }),
    );
    // White is the last of the palette; the two upper pixels of both columns are 63 + 3.
    expect(sixel.startsWith('\x1bPq"1;1;2;2#0;2;0;0;0') && sixel.endsWith("#215BB-\x1b\\\n")).toBe(true);
  });

  test("knows terminals by their environment", () => {
    const protocol = (variables: Record<string, string>) => pictureProtocol((name) => variables[name]);
    expect(protocol({ TERM: "xterm-kitty" })).toBe("kitty");
    expect(protocol({ TERM: "xterm-kitty", TMUX: "1" })).toBe("blocks");
    expect(protocol({ TERM_PROGRAM: "iTerm.app" })).toBe("iterm2");
    expect(protocol({ TERM: "foot" })).toBe("sixel");
    expect(protocol({ TERM: "xterm-256color" })).toBe("blocks");
  });

  test.each<[what: string, image: unknown, options: object, words: RegExp]>([
    ["no picture", 3, {}, /^imshow: image must be a tensor, a list of tensors or an Image, got 3/],
    ["a page where there is none", picture, { place: "canvas" }, /^imshow: there is no page to put a canvas in/],
    ["a place that is none", picture, { place: "wall" }, /^imshow: place must be one of/],
    ["channels", torch.zeros([4, 2, 2]), {}, /^imshow: pictures have 1 or 3 channels, got 4/],
  ])("refuses %s", async (_, image, options, words) => {
    await expect(utils.imshow(image as torch.Tensor, options)).rejects.toThrow(words);
  });
});

describe("History", () => {
  test("charts what was recorded", async () => {
    const history = new utils.History({ title: "run", height: 3, live: false });
    for (let i = 0; i < 4; i++) await history.record(i === 0 ? { loss: 4 } : { loss: 4 - i, accuracy: i / 4 });
    expect(history.length).toBe(4);
    expect([...history.series]).toEqual([
      ["loss", [4, 3, 2, 1]],
      ["accuracy", [Number.NaN, 0.25, 0.5, 0.75]],
    ]);
    expect((await history.toText(false)).split("\n").map((line) => line.trimEnd())).toEqual([
      "run",
      "loss 1.000",
      "       4.00 ┼╮",
      "       3.00 ┤╰╮",
      "       2.00 ┤ ╰╮",
      "       1.00 ┤  ╰",
      "accuracy 0.7500",
      ...(await history.toText(false))
        .split("\n")
        .slice(7)
        .map((line) => line.trimEnd()),
    ]);
    expect(await history.toText(true)).toContain("\x1b[36mloss 1.000\x1b[0m");
  });

  test("draws with each record if it is live", async () => {
    const history = new utils.History({ live: true, height: 2 });
    const text = await written(() => history.record({ accuracy: 0.5 }));
    expect(text).toContain("accuracy 0.5000\n");
    expect(await written(() => history.record({ accuracy: Number.NaN }))).toContain("accuracy NaN");
  });

  test("refuses what is no number", async () => {
    const history = new utils.History();
    await expect(history.record({ loss: "low" as never })).rejects.toThrow(/^record: loss must be a number, got "low"/);
    await expect(history.record(3 as never)).rejects.toThrow(torch.ArgumentError);
    expect(history.length).toBe(0);
    expect(() => new utils.History({ height: 0 })).toThrow(/^History: height must be an integer/);
  });
});
