/** `kindling train`, which `npm start` runs: what it prints, writes and answers, on tiny data sets and on damaged ones. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { decode } from "fast-png";
import * as torch from "kindling";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inTurn, type Result } from "../helpers/inTurn";

const root = mkdtempSync(join(tmpdir(), "kindling-cli-"));
afterAll(() => rmSync(root, { recursive: true }));

/** Runs the command. */
function start(...args: string[]): Promise<Result> {
  const command = ["dist/cli.js", "train", ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, command, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** A folder with the files given. */
function folder(name: string, files: Record<string, Uint8Array>): string {
  const path = join(root, name);
  mkdirSync(path);
  for (const [file, bytes] of Object.entries(files)) writeFileSync(join(path, file), bytes);
  return path;
}

/** `count` CIFAR-10 records: a label, then 3072 bytes that depend on it. */
function cifar(count: number): Uint8Array {
  const record = (i: number) => [i % 10, ...Array.from({ length: 3072 }, (_, j) => ((i % 10) * 25 + j * 7) % 256)];
  return Uint8Array.from(Array.from({ length: count }, (_, i) => record(i)).flat());
}

/** An IDX file of unsigned bytes. */
function idx(shape: readonly number[], value: (i: number) => number): Uint8Array {
  const size = shape.reduce((n, s) => n * s, 1);
  const header = Buffer.alloc(4 + 4 * shape.length);
  header[2] = 8;
  header[3] = shape.length;
  for (const [i, s] of shape.entries()) header.writeUInt32BE(s, 4 + 4 * i);
  return Buffer.concat([header, Uint8Array.from({ length: size }, (_, i) => value(i))]);
}

const images = (n: number) => idx([n, 28, 28], (i) => (i * 31) % 256);
const labels = (n: number) => idx([n], (i) => i % 10);
const idxFiles = {
  "train-images-idx3-ubyte": images(40),
  "train-labels-idx1-ubyte": labels(40),
  "t10k-images-idx3-ubyte": images(20),
  "t10k-labels-idx1-ubyte": labels(20),
};

/** The accuracy that a line ends with or names, in percent. */
const shares = (text: string): number[] => [...text.matchAll(/(\d+\.\d) %/g)].map((match) => Number(match[1]));

test("trains LeNet on CIFAR-10 files, saves it, and reloads it with the same accuracy", async () => {
  const data = folder("cifar", {
    "data_batch_1.bin": cifar(40),
    "data_batch_2.bin": cifar(20),
    "test_batch.bin": cifar(30),
  });
  const out = join(root, "cifar-out");
  const { code, stdout, stderr } = await start(
    "--data",
    data,
    "--epochs",
    "2",
    "--batch-size",
    "8",
    "--threads",
    "1",
    "--out",
    out,
  );
  expect({ code, error: stderr.match(/error:.*/)?.[0] }).toEqual({ code: 0, error: undefined });
  expect(stdout).toContain("Kindling: lenet, 62,006 parameters, on CIFAR-10\n60 training and 30 test images; sgd");
  expect(stdout).toMatch(/^1 thread, (baseline|relaxed) SIMD, seed 0$/m);
  const epochs = stdout.match(
    /^epoch \d: loss \d\.\d{3}, training accuracy \d+\.\d %, test accuracy \d+\.\d %, \d+\.\d s$/gm,
  );
  expect(epochs).toHaveLength(2);
  expect(stdout.match(/^ {2}(airplane|automobile|bird|cat|deer|dog|frog|horse|ship|truck) +\d+\.\d %$/gm)).toHaveLength(
    10,
  );

  const [reloaded, before] = shares(stdout.match(/^saved to .*$/m)![0]);
  expect(reloaded).toBe(before);
  expect(before).toBe(shares(epochs![1]!)[1]);
  const state = await torch.safetensors.loadFile(join(out, "model.safetensors"));
  expect(Object.keys(state)).toEqual(
    ["conv1", "conv2", "fc1", "fc2", "fc3"].flatMap((name) => [`${name}.weight`, `${name}.bias`]),
  );
  const picture = decode(readFileSync(join(out, "predictions.png")));
  expect([picture.width, picture.height, picture.channels]).toEqual([822, 494, 3]);
});

test("trains a perceptron on IDX files, compressed or not, with workers and Adam", async () => {
  const data = folder("fashion", {
    "train-images-idx3-ubyte.gz": gzipSync(idxFiles["train-images-idx3-ubyte"]),
    "train-labels-idx1-ubyte.gz": gzipSync(idxFiles["train-labels-idx1-ubyte"]),
    "t10k-images-idx3-ubyte": idxFiles["t10k-images-idx3-ubyte"],
    "t10k-labels-idx1-ubyte": idxFiles["t10k-labels-idx1-ubyte"],
  });
  const settings = ["--epochs", "1", "--batch-size", "10", "--model", "mlp", "--optimizer", "adam", "--workers", "1"];
  const { code, stdout } = await start("--data", data, "--out", join(root, "idx-out"), ...settings);
  expect(code).toBe(0);
  expect(stdout).toContain("mlp, 669,706 parameters, on Fashion-MNIST");
  expect(stdout).toContain("adam, learning rate 0.001, batch size 10");
  expect(stdout).toMatch(/^ {2}Ankle boot +\d+\.\d %$/m);
});

test("--help lists every flag", async () => {
  const { code, stdout } = await start("--help");
  expect(code).toBe(0);
  for (const flag of [
    "data",
    "epochs",
    "batch-size",
    "lr",
    "optimizer",
    "model",
    "workers",
    "threads",
    "seed",
    "out",
    "help",
  ])
    expect(stdout).toMatch(new RegExp(`--${flag}\\b`));
});

const header = idxFiles["train-images-idx3-ubyte"].slice(0, 16);

type Wrong = readonly [what: string, args: () => string[], message: RegExp];

const wrongLines: readonly Wrong[] = [
  [
    "an unknown flag",
    () => ["--epoch", "3"],
    /unknown option '--epoch' \(Did you mean --epochs\?\) --help lists the options/,
  ],
  ["a value out of range", () => ["--epochs", "0"], /--epochs takes an integer of at least 1, got "0"/],
  ["a missing folder", () => ["--data", join(root, "nowhere")], /--data: there is no folder ".*nowhere"/],
  ["a folder without data", () => ["--data", folder("empty", {})], /holds neither CIFAR-10 .* nor MNIST/],
];

const wrongFiles: readonly Wrong[] = [
  [
    "a truncated CIFAR-10 file",
    () => ["--data", folder("short", { "data_batch_1.bin": cifar(3).slice(0, -1), "test_batch.bin": cifar(2) })],
    /data_batch_1\.bin" has 9218 bytes.* truncated or damaged/,
  ],
  [
    "a label that does not exist",
    () => [
      "--data",
      folder("label", { "data_batch_1.bin": cifar(3).fill(77, 3073, 3074), "test_batch.bin": cifar(2) }),
    ],
    /record 1 has the label 77/,
  ],
  [
    "a truncated IDX file",
    () => ["--data", folder("cut", { ...idxFiles, "train-images-idx3-ubyte": images(40).slice(0, 1000) })],
    /train-images-idx3-ubyte" should hold 31360 bytes .* but has 984/,
  ],
  [
    "an IDX file of floats",
    () => ["--data", folder("floats", { ...idxFiles, "train-images-idx3-ubyte": header.with(2, 13) })],
    /should hold 125440 bytes/,
  ],
  [
    "a truncated gzip file",
    () => [
      "--data",
      folder("gzip", {
        "train-images-idx3-ubyte.gz": gzipSync(images(40)).subarray(0, 200),
        "train-labels-idx1-ubyte": labels(40),
      }),
    ],
    /train-images-idx3-ubyte\.gz" cannot be decompressed: .*: it is truncated or damaged/,
  ],
];

describe("an error is one line on stderr", () => {
  const cases = [
    ...wrongLines.map((wrong) => [2, ...wrong] as const),
    ...wrongFiles.map((wrong) => [1, ...wrong] as const),
  ];
  let results: Result[];

  beforeAll(async () => {
    results = await inTurn(cases.map(([, , args]) => ["dist/cli.js", "train", ...args()]));
  });

  test.each(cases.map(([code, what, , message], i) => [code, what, message, i] as const))(
    "and exit code %i: %s",
    (code, _, message, i) => {
      const { stderr, ...others } = results[i]!;
      expect(others).toEqual({ code, stdout: "" });
      expect(stderr).toMatch(message);
      expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    },
  );
});

describe("the pictures of a folder that are set apart for the test", () => {
  /** A folder with noise for each class. */
  async function photos(name: string, counts: Readonly<Record<string, number>>): Promise<string> {
    const path = folder(name, {});
    for (const [label, count] of Object.entries(counts)) {
      mkdirSync(join(path, label));
      for (let i = 0; i < count; i++)
        await torch.vision.io.writePng(torch.randint(0, 256, [3, 8, 8]).to("uint8"), join(path, label, `${i}.png`));
    }
    return path;
  }

  const sizes = ["--size", "16", "--epochs", "1", "--model", "mlp", "--json"];

  test("are of each class that has two, and the same ones for one seed", async () => {
    const args = [
      "--data",
      await photos("uneven", { cat: 12, dog: 2, owl: 1 }),
      ...sizes,
      "--out",
      join(root, "uneven-out"),
    ];
    const seeds = [1, 2, 3, 4, 1].map(String);
    const found = await inTurn(seeds.map((seed) => ["dist/cli.js", "train", ...args, "--seed", seed]));
    const lines = found.map(({ stdout }) =>
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    );
    for (const [, last] of lines) expect(Object.keys(last.perClass)).toEqual(["cat", "dog"]);
    // The loss over the training pictures tells whether they are the same.
    const losses = lines.map(([epoch]) => epoch.loss);
    expect(losses[4]).toBe(losses[0]);
    expect(new Set(losses).size).toBe(4);
  });

  test("a folder that has one picture for each class is an error", async () => {
    const path = await photos("single", { cat: 1, dog: 1 });
    const { code, stderr } = await start("--data", path, ...sizes);
    expect(code).toBe(2);
    expect(stderr).toContain(`--data: no class of "${path}" has a second picture, which a test needs`);
  });
});
