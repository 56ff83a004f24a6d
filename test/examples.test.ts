/** `npm run example -- NAME`: every example on small input, its help, and what is said of wrong flags. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode, encode } from "fast-png";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { allNote, runsAll } from "./helpers/cut";
import { inTurn, type Result } from "./helpers/inTurn";

const root = mkdtempSync(join(tmpdir(), "kindling-examples-"));
afterAll(() => rmSync(root, { recursive: true }));

const verse = join(root, "verse.txt");
writeFileSync(verse, "the wind blows over the hill, and over the hill the wind goes\n".repeat(12));

function node(...args: string[]): Promise<Result> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

const run = (name: string, ...flags: string[]) => node("--import", "tsx", `examples/${name}/main.ts`, ...flags);

/** What follows a word in every line about an epoch. */
const numbersAfter = (word: string, text: string): number[] =>
  [...text.matchAll(new RegExp(`^epoch .*${word} ([\\d.]+)`, "gm"))].map((match) => Number(match[1]));

const textFlags = ["--text", verse, "--batch-size", "4", "--prompt", "the ", "--sample", "20", "--seed", "1"];
const fashionOut = join(root, "fashion-out");

/** What most examples are run with. They run in one process: to start one and to compile its modules takes longer than most of them take to learn. */
const learning = {
  charLstm: [...textFlags, ..."--epochs 6 --length 32 --hidden 24 --layers 1 --lr 0.02".split(" ")],
  gpt: [...textFlags, ..."--epochs 8 --context 16 --layers 1 --heads 2 --width 16 --lr 0.02".split(" ")],
  gpt2: [...textFlags, ..."--epochs 6 --context 16 --layers 1 --width 16 --out".split(" "), join(root, "gpt2")],
  sentenceEncoder: ["--epochs", "6", "--query", "what does a ring cost", "--out", join(root, "sentenceEncoder")],
  housePrices: ["--houses", "600", "--epochs", "6", "--hidden", "32"],
  names: ["--epochs", "3", "--hidden", "24", "--name", "Yamashita, Papandreou"],
  fashionMnist: [..."--download no --epochs 2 --batch-size 20 --lr 0.1 --data".split(" "), root, "--out", fashionOut],
  distributed: ["--epochs", "1", "--pictures", "128"],
};
const learned = new Map<string, Result>();

beforeAll(async () => {
  writeFashion();
  const lines = Object.entries(learning).map(([name, flags]) => [`examples/${name}/main.ts`, ...flags]);
  const results = await inTurn(lines, { flags: ["--import", "tsx"] });
  for (const [i, name] of Object.keys(learning).entries()) learned.set(name, results[i]!);
}, 180_000);

test("charLstm learns a verse and continues the prompt", () => {
  const { code, stdout } = learned.get("charLstm")!;
  expect(code).toBe(0);
  expect(stdout).toMatch(/^An LSTM of [\d,]+ parameters reads 744 characters, 18 different ones\.\n/);
  const losses = numbersAfter("loss", stdout);
  expect(losses).toHaveLength(6);
  expect(losses.at(-1)).toBeLessThan(0.8 * losses[0]!);
  expect(stdout).toMatch(/characters?\/s\n\nthe [\s\S]{20}\n$/);
});

test("gpt learns a verse and continues the prompt", () => {
  const { code, stdout } = learned.get("gpt")!;
  expect(code).toBe(0);
  expect(stdout).toMatch(/^A GPT of [\d,]+ parameters reads 744 characters, 18 different ones\.\n/);
  const losses = numbersAfter("loss", stdout);
  expect(losses).toHaveLength(8);
  expect(losses.at(-1)).toBeLessThan(0.8 * losses[0]!);
  expect(stdout).toMatch(/ms per step\n\nthe [\s\S]{20}\n$/);
});

test("gpt2 is trained, written, read again, and adapted by LoRA", () => {
  const { code, stdout } = learned.get("gpt2")!;
  expect(code).toBe(0);
  expect(readdirSync(join(root, "gpt2")).sort()).toEqual(["config.json", "model.safetensors"]);
  expect(Number(/loss ([\d.]+)/.exec(stdout)![1])).toBeLessThan(Math.log(18));
  expect(stdout).toMatch(/read again:\n\nthe [\s\S]{12}\n/);
  expect(stdout).toMatch(/LoRA trains [\d,]+ of [\d,]+ parameters, loss [\d.]+\n\nthe [\s\S]{12}\n$/);
});

test("sentenceEncoder finds sentences of one meaning, and is written and read again", () => {
  const { code, stdout } = learned.get("sentenceEncoder")!;
  expect(code).toBe(0);
  const written = readdirSync(join(root, "sentenceEncoder")).sort();
  expect(written).toEqual(["config.json", "model.safetensors", "tokenizer.json"]);
  const before = Number(/found before training: (\d+) %/.exec(stdout)![1]);
  expect(before).toBeLessThan(40);
  expect(numbersAfter("found", stdout).at(-1)).toBeGreaterThan(55);
  expect(stdout).toMatch(/read again\n\nwhat does a ring cost\n {2}(?:0\.\d\d|1\.00) {2}.*\bring\b/);
});

test.runIf(runsAll)(
  `detection trains, writes .weights, reads them again, and draws what it finds${allNote}`,
  { timeout: 180_000 },
  async () => {
    const out = join(root, "detection");
    const { code, stdout, stderr } = await run("detection", "--epochs", "4", "--pictures", "96", "--out", out);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const losses = numbersAfter("loss", stdout);
    expect(losses).toHaveLength(4);
    expect(losses.at(-1)).toBeLessThan(0.7 * losses[0]!);
    expect(stdout).toMatch(/read again: it has seen 384 pictures\nfound \d+ of \d+ shapes, \d+ boxes around none\n/);
    expect(readdirSync(out).sort()).toEqual(["detections.png", "shapes.weights"]);
    const picture = decode(readFileSync(join(out, "detections.png")));
    expect([picture.width, picture.height, picture.channels]).toEqual([1034, 1034, 3]);
  },
);

test("housePrices predicts better than a linear fit", () => {
  const { code, stdout } = learned.get("housePrices")!;
  expect(code).toBe(0);
  expect(stdout).toMatch(/^480 houses to learn from, 120 to test with\n/);
  const linear = Number(/linear fit: ([\d.]+)/.exec(stdout)![1]);
  expect(numbersAfter("validation error", stdout).at(-1)).toBeLessThan(linear);
  expect(stdout.match(/^ +\d+ +\d+ +[a-z ]+ +\d+k +\d+k$/gm)).toHaveLength(8);
});

test("names learns languages and guesses what it is given", () => {
  const { code, stdout } = learned.get("names")!;
  expect(code).toBe(0);
  expect(numbersAfter("test accuracy", stdout).at(-1)).toBeGreaterThan(40);
  expect(
    stdout.match(/^ {2}(Arabic|Czech|Dutch|English|Greek|Italian|Japanese|Polish|Russian|Spanish) +\d+ %$/gm),
  ).toHaveLength(10);
  expect(stdout).toMatch(/^Yamashita: Japanese \d+ %/m);
  expect(stdout).toMatch(/^Papandreou: Greek \d+ %/m);
});

/** An IDX file of pictures of ten classes, each bright in rows of its own, or of their labels. */
function idx(count: number, isImages: boolean): Buffer {
  const pixels = Array.from({ length: count * 784 }, (_, i) => {
    const row = Math.floor((i % 784) / 28);
    return Math.floor(row / 2.8) === Math.floor(i / 784) % 10 ? 220 : i % 30;
  });
  const labels = Array.from({ length: count }, (_, i) => i % 10);
  return isImages
    ? Buffer.from([0, 0, 8, 3, 0, 0, count >> 8, count & 255, 0, 0, 0, 28, 0, 0, 0, 28, ...pixels])
    : Buffer.from([0, 0, 8, 1, 0, 0, count >> 8, count & 255, ...labels]);
}

/** The files of Fashion-MNIST, with fewer pictures. */
function writeFashion(): void {
  const raw = join(root, "FashionMNIST", "raw");
  mkdirSync(raw, { recursive: true });
  for (const [part, count] of [
    ["train", 400],
    ["t10k", 60],
  ] as const) {
    writeFileSync(join(raw, `${part}-images-idx3-ubyte`), idx(count, true));
    writeFileSync(join(raw, `${part}-labels-idx1-ubyte`), idx(count, false));
  }
}

test("fashionMnist prints what the tutorial prints", () => {
  const { code, stdout, stderr } = learned.get("fashionMnist")!;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain(
    "Shape of X [N, C, H, W]: torch.Size([20, 1, 28, 28])\nShape of y: torch.Size([20]) torch.int64\n",
  );
  expect(stdout).toMatch(
    /^Epoch 2\n-{31}\nloss: \d\.\d{6} {2}\[ {3}20\/ {2}400\]\nTest Error: \n Accuracy: 100\.0%, Avg loss: 0\.\d{6} \n/m,
  );
  expect(stdout).toMatch(
    /Done!\nSaved PyTorch Model State to .*\n<All keys matched successfully>\nPredicted: "T-shirt\/top", Actual: "T-shirt\/top"\n$/,
  );
});

test.runIf(runsAll)(`customDataset learns from a folder and a CSV${allNote}`, { timeout: 120_000 }, async () => {
  const names = Array.from({ length: 40 }, (_, i) => `${i}.png`);
  names.forEach((name, i) => {
    const data = Uint8Array.from({ length: 192 }, (_, k) => (i % 2 === 0 ? 20 : 200) + (k % 30));
    writeFileSync(join(root, name), encode({ width: 8, height: 8, channels: 3, data }));
  });
  const labels = join(root, "labels.csv");
  writeFileSync(
    labels,
    `filename,label\n${names.map((name, i) => `${name},${i % 2 === 0 ? "dark" : "bright"}`).join("\n")}\n`,
  );
  const flags = ["--images", root, "--labels", labels, "--epochs", "4", "--lr", "0.01", "--workers", "1"];
  const { code, stdout, stderr } = await run("customDataset", ...flags);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^40 pictures of shape \[3, 8, 8\], classes: bright, dark\nepoch 1: loss/);
  expect(stdout).toMatch(/test accuracy 100 %\n$/);
});

const examples = readdirSync("examples").filter((name) => name !== "shared");

describe("what ends at once", () => {
  const wrong: readonly (readonly [what: string, line: readonly string[], message: RegExp])[] = [
    ["a missing text", ["charLstm", "--text", join(root, "none")], /--text: there is no readable file ".*none"/],
    ["a text that is too short", ["gpt", "--text", verse, "--context", "800"], /has 744 characters.* needs 801/],
    ["a letter that the text lacks", ["charLstm", "--text", verse, "--prompt", "Q"], /--prompt: the text has no "Q"/],
    [
      "heads that do not divide the width",
      ["gpt", "--width", "10"],
      /--width must be a multiple of --heads, got 10 and 4/,
    ],
    ...examples.map(
      (name) =>
        [
          `${name}: a wrong flag`,
          [name, "--epochs", "many"],
          /^error: --epochs takes an integer of at least 1, got "many"\n$/,
        ] as const,
    ),
  ];
  const helpOf = new Map<string, Result>();
  const results: Result[] = [];

  beforeAll(async () => {
    const plan = ["distributed", "--gigabits", "10", "--step", "110"];
    const lines = [...examples.map((name) => [name, "--help"]), ...wrong.map(([, line]) => line), plan];
    const all = await inTurn(
      lines.map(([name, ...flags]) => [`examples/${name}/main.ts`, ...flags]),
      { flags: ["--import", "tsx"] },
    );
    for (const [i, name] of examples.entries()) helpOf.set(name, all[i]!);
    results.push(...all.slice(examples.length));
  });

  test("distributed plans a cluster", () => {
    const { code, stdout } = results.at(-1)!;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^44\.8 MB of gradients, 110 ms per step on one node, 10 Gb\/s:\n/);
    expect(stdout).toMatch(/^ {4}2 {4}70 % {14}95 % {12}1\.9×$/m);
  });

  test.each(examples)("%s: --help lists flags and defaults", (name) => {
    const help = helpOf.get(name)!;
    expect(help.code).toBe(0);
    expect(help.stdout).toContain(`npm run example -- ${name}`);
    expect(help.stdout).toMatch(/^ {2}--epochs <N> +passes over .* \(default: \d+\)$/m);
    expect(help.stdout).toMatch(/^ {2}-h, --help +this text$/m);
  });

  test.each(wrong.map(([what, , message], i) => [what, message, i] as const))(
    "%s is one line on stderr and exit code 2",
    (_, message, i) => {
      const { code, stdout, stderr } = results[i]!;
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toMatch(message);
      expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    },
  );
});

test("npm run example without a name lists the examples", async () => {
  const { code, stderr } = await node("scripts/example.mjs", "unknown");
  expect(code).toBe(2);
  expect(stderr).toBe(
    `example: there is no example "unknown"; npm run example -- NAME [flags], with NAME one of ${examples.sort().join(", ")}\n`,
  );
});

test("distributed trains alone", () => {
  const { code, stdout } = learned.get("distributed")!;
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^LeNet learns 128 pictures on 1 process, 64 per step\nepoch 1 {2}loss \d\.\d{4} {2}test \d+\.\d % {2}\d+ pictures\/s\n$/,
  );
});
