/** `kindling COMMAND`, run from the built file as a user runs it: output, JSON, files and exit codes. */
import { execFile, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import * as torch from "kindling";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { headers, servers } from "../../src/cli/headers";
import { inTurn, type Result } from "../helpers/inTurn";

const root = mkdtempSync(join(tmpdir(), "kindling-commands-"));
const cli = resolve("dist/cli.js");
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Runs the command line in a folder of its own, in which modules find the package. */
function kindling(...args: string[]): Promise<Result> {
  return new Promise((done) => {
    execFile(process.execPath, [cli, ...args], { cwd: root }, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

/** Runs several command lines there in one process. */
const kindlingInTurn = (lines: readonly (readonly string[])[]) =>
  inTurn(
    lines.map((args) => [cli, ...args]),
    { cwd: root },
  );

const at = (name: string): string => join(root, name);
const json = ({ stdout }: Result) =>
  stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

beforeAll(() => {
  mkdirSync(at("node_modules"));
  symlinkSync(resolve("."), at("node_modules/kindling"));
  writeFileSync(at("package.json"), '{"type": "module"}');
  writeFileSync(
    at("task.js"),
    `import * as torch from "kindling";
    const x = torch.linspace(-1, 1, 64).reshape(64, 1);
    export const model = () => new torch.nn.Sequential(new torch.nn.Linear(1, 8), new torch.nn.Tanh(), new torch.nn.Linear(8, 1));
    export const train = [x, x.pow(2)];
    export const test = [x, x.pow(2)];
    export const optimizer = (model) => new torch.optim.Adam(model.parameters(), { lr: 0.02 });`,
  );
});

const commands = ["train", "bench", "doctor", "export", "inspect", "convert", "board", "run", "completion"];

const helpLines = commands.map((command) => [command, "--help"]);

describe("help", () => {
  test("lists the commands, and each has examples and exit code 0", async () => {
    const { code, stdout } = await kindling("--help");
    expect(code).toBe(0);
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, "m"));
    for (const [i, help] of (await kindlingInTurn(helpLines)).entries()) {
      expect(help.code, commands[i]).toBe(0);
      expect(help.stdout, commands[i]).toContain(`kindling ${commands[i]}`);
      expect(help.stdout, commands[i]).toContain("Examples:");
    }
  });

  test("the version is the package's", async () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8"));
    expect(await kindling("--version")).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });
});

describe("what is wrong with a command line is said on stderr, with exit code 2:", () => {
  const wrong: readonly (readonly [what: string, args: string[], message: RegExp])[] = [
    ["no command", [], /^error: which command\? --help lists them$/m],
    ["an unknown command", ["tran"], /^error: unknown command 'tran' \(Did you mean train\?\)/m],
    ["an unknown option", ["bench", "--thread", "1"], /unknown option '--thread' \(Did you mean --threads\?\)/],
    ["a missing argument", ["convert", "a.pt"], /missing required argument 'target'/],
    ["too many arguments", ["inspect", "a", "b"], /too many arguments/],
    ["a wrong number", ["board", "runs", "--port", "70000"], /--port takes an integer from 0 to 65535, got "70000"/],
    ["a wrong word", ["doctor", "--headers", "iis"], /--headers takes nginx, .*, got "iis"/],
    ["a wrong shell", ["completion", "cmd"], /completion: there are bash, zsh, fish, got "cmd"/],
    [
      "a model that there is not",
      ["export", "lenet5", "x.onnx"],
      /"lenet5" is neither a module .* nor one of lenet, mlp, alexnet/,
    ],
    ["a module that is not there", ["export", "none.js", "x.onnx"], /there is no module "none.js"/],
    ["a module without a model", ["export", "empty.js", "x.onnx"], /"empty.js" exports no model/],
    ["a module without inputs", ["export", "bare.js", "x.onnx"], /which inputs\? Give their shape/],
    [
      "a format that there is not",
      ["export", "bare.js", "x.h5"],
      /weights are written to .safetensors, .pt, .pth, .npz/,
    ],
    ["a module with nothing to train on", ["train", "noTrain.js"], /exports no "train"/],
    ["a module with a train of another kind", ["train", "wrongTrain.js"], /"train" must be a DataLoader/],
  ];
  let results: Result[];

  beforeAll(async () => {
    const model = 'import { nn } from "kindling"; export const model = new nn.Linear(2, 1);';
    writeFileSync(at("empty.js"), "export {};");
    writeFileSync(at("bare.js"), 'import { nn } from "kindling"; export default new nn.Linear(2, 1);');
    writeFileSync(at("noTrain.js"), model);
    writeFileSync(at("wrongTrain.js"), `${model} export const train = 3;`);
    results = await kindlingInTurn(wrong.map(([, args]) => args));
  });

  test.each(wrong.map(([what, , message], i) => [what, message, i] as const))("%s", (_, message, i) => {
    expect(results[i]).toMatchObject({ code: 2, stdout: "" });
    expect(results[i]!.stderr).toMatch(message);
  });
});

describe("doctor", () => {
  test("says what is on and how fast the machine is, as JSON too", { timeout: 60_000 }, async () => {
    const [told, asJson] = await kindlingInTurn([["doctor"], ["doctor", "--json"]]);
    const { code, stdout } = told!;
    expect(code).toBe(0);
    for (const [name, value] of [
      ["runtime", "node"],
      ["SIMD", "(baseline|relaxed)"],
      ["threads", "\\d+ of \\d+"],
      ["memory", "shared with threads, up to \\d+\\.\\d GiB"],
      ["speed", "a product of 512×512 reaches [\\d.]+ GFLOP/s on \\d+ threads?, \\d+ % of the limit of [\\d.]+"],
    ])
      expect(stdout).toMatch(new RegExp(`^${name} +${value}$`, "m"));
    const [found] = json(asJson!);
    expect(found).toMatchObject({ runtime: "node", sharedMemory: true });
    expect(found.memoryLimit).toBeGreaterThanOrEqual(2 ** 28);
    expect(found.speed.gflops).toBeGreaterThan(0);
    expect(found.speed.share).toBeLessThan(1.5);
  });

  test("prints the headers of each server, which stand in the documentation, and the service worker", async () => {
    const printed = await kindlingInTurn([
      ...servers.map((server) => ["doctor", "--headers", server]),
      ["doctor", "--service-worker"],
    ]);
    const documentation = readFileSync("docs/threads-and-headers.md", "utf8");
    for (const [i, server] of servers.entries()) {
      expect(printed[i]!.stdout, server).toBe(`${headers[server]}\n`);
      expect(documentation).toContain(headers[server]);
    }
    expect(printed.at(-1)!.stdout).toBe(readFileSync("src/cli/isolation.js", "utf8"));
  });
});

describe("convert", () => {
  const weights = {
    "layer.weight": torch.arange(6).reshape(2, 3).float(),
    steps: torch.tensor([3], { dtype: "int64" }),
  };

  test("goes round all formats without a change", async () => {
    await torch.safetensors.saveFile(weights, at("a.safetensors"));
    const files = ["a.safetensors", "b.pt", "c.npz", "d.pth", "e.safetensors"];
    const ways = files.slice(1).map((to, i) => ["convert", files[i]!, to]);
    for (const [i, result] of (await kindlingInTurn(ways)).entries())
      expect(result).toMatchObject({ code: 0, stdout: `2 tensors of ${files[i]} written to ${files[i + 1]}\n` });
    const found = await torch.safetensors.loadFile(at("e.safetensors"));
    for (const [name, tensor] of Object.entries(weights)) {
      expect(found[name]!.dtype).toBe(tensor.dtype);
      expect(torch.equal(found[name]!, tensor)).toBe(true);
    }
  });

  test("takes the weights out of a checkpoint: the only ones, or those that --key names", async () => {
    await torch.save({ epoch: 3, state_dict: weights }, at("one.pt"));
    await torch.save({ model: weights, ema: { average: weights } }, at("two.pt"));
    await torch.save({ model: weights, old: weights }, at("three.pt"));
    const [only, named, several, none] = await kindlingInTurn([
      ["convert", "one.pt", "one.safetensors", "--json"],
      ["convert", "two.pt", "two.npz", "--key", "ema.average"],
      ["convert", "three.pt", "three.npz"],
      ["convert", "two.pt", "x.npz", "--key", "none"],
    ]);
    expect(json(only!)).toEqual([{ source: "one.pt", target: "one.safetensors", tensors: 2 }]);
    expect(named!.code).toBe(0);
    expect(several!.code).toBe(2);
    expect(several!.stderr).toContain("several dictionaries of tensors: choose one of model, old by --key");
    expect(none!.stderr).toContain('has no "none"');
  });

  test("--dtype rounds numbers with a point alone", async () => {
    await torch.safetensors.saveFile(weights, at("wide.safetensors"));
    await kindling("convert", "wide.safetensors", "half.safetensors", "--dtype", "float16");
    const half = await torch.safetensors.loadFile(at("half.safetensors"));
    expect([half["layer.weight"]!.dtype, half.steps!.dtype]).toEqual(["float16", "int64"]);
  });

  test("says why weights cannot become ONNX, and which formats there are", async () => {
    await torch.safetensors.saveFile(weights, at("w.safetensors"));
    const [onnx, unknown, missing] = await kindlingInTurn([
      ["convert", "w.safetensors", "w.onnx"],
      ["convert", "w.h5", "w.pt"],
      ["convert", "missing.pt", "w.npz"],
    ]);
    expect(onnx).toMatchObject({ code: 2, stdout: "" });
    expect(onnx!.stderr).toContain("kindling export writes them");
    expect(unknown!.stderr).toContain("weights are read from .safetensors, .pt");
    expect(missing).toMatchObject({ code: 1, stdout: "" });
    expect(missing!.stderr.trimEnd().split("\n")).toHaveLength(1);
  });
});

test("who stops reading ends a command without a word", async () => {
  const child = spawn(process.execPath, [cli, "train", "--help"], { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.destroy();
  let said = "";
  child.stderr.on("data", (text) => {
    said += text;
  });
  const code = await new Promise((done) => child.on("close", done));
  expect([code, said]).toEqual([141, ""]);
});

test("what cannot be written is said before the work begins", async () => {
  writeFileSync(at("taken"), "");
  const results = await kindlingInTurn(["--out", "--log"].map((option) => ["train", "task.js", option, "taken"]));
  for (const { code, stderr } of results)
    expect([code, stderr]).toEqual([1, 'error: train: cannot make the folder "taken": it is a file\n']);
});

test("inspect writes JSON", async () => {
  await torch.safetensors.saveFile({ a: torch.ones(2, 3) }, at("inspected.safetensors"), { made: "here" });
  expect(json(await kindling("inspect", "inspected.safetensors", "--json"))).toEqual([
    {
      file: "inspected.safetensors",
      about: "1 tensors, 24 B",
      tables: [[{ name: "a", dtype: "F32", shape: "[2, 3]", bytes: "24 B" }]],
      note: 'metadata: {"made":"here"}',
    },
  ]);
});

describe("export", () => {
  const program = `
    import * as torch from "kindling";
    torch.manualSeed(1);
    export const model = new torch.nn.Sequential(new torch.nn.Linear(4, 3), new torch.nn.Tanh());
    export const inputs = torch.ones(2, 4);
  `;

  test("writes a module's model as ONNX and as weights", async () => {
    writeFileSync(at("net.js"), program);
    const [first] = await kindlingInTurn([
      ["export", "net.js", "net.onnx", "--dynamic-batch"],
      ["export", "net.js", "net.safetensors"],
    ]);
    expect(first).toMatchObject({
      code: 0,
      stdout: "the model of net.js, 15 parameters, written to net.onnx\n",
    });
    const net = await torch.onnx.load(at("net.onnx"));
    const [x, y] = [torch.randn(5, 4), torch.randn(1, 4)];
    const { "0.weight": weight, "0.bias": bias } = await torch.safetensors.loadFile(at("net.safetensors"));
    for (const input of [x, y])
      expect(torch.allclose(net(input), torch.nn.functional.linear(input, weight!, bias!).tanh(), { atol: 1e-6 })).toBe(
        true,
      );
  });

  test("writes models by name, with weights", async () => {
    torch.manualSeed(3);
    const lenet = new torch.vision.models.LeNet({ channels: 1, size: 28 });
    await torch.save(lenet.stateDict(), at("lenet.pt"));
    const args = [
      "export",
      "lenet",
      "lenet.onnx",
      "--channels",
      "1",
      "--size",
      "28",
      "--weights",
      "lenet.pt",
      "--json",
    ];
    expect(json(await kindling(...args))).toEqual([{ source: "lenet", target: "lenet.onnx", parameters: 44426 }]);
    const x = torch.randn(1, 1, 28, 28);
    expect(torch.allclose((await torch.onnx.load(at("lenet.onnx")))(x), lenet(x), { atol: 1e-5 })).toBe(true);
  });
});

describe("train", () => {
  test("trains a module of the user's, and goes on from a checkpoint", async () => {
    const args = ["train", "task.js", "--batch-size", "16", "--out", "own", "--checkpoint", "state", "--json"];
    const [plain, begun] = await kindlingInTurn([
      ["train", "task.js", "--epochs", "1", "--out", "own"],
      [...args, "--epochs", "3"],
    ]);
    const first = json(begun!);
    expect(first.map(({ epoch }) => epoch)).toEqual([1, 2, 3, undefined]);
    expect(first[3]).toEqual({ model: "own/model.safetensors" });
    const more = json(await kindling(...args, "--epochs", "20"));
    expect(more.map(({ epoch }) => epoch).slice(0, -1)).toEqual(Array.from({ length: 17 }, (_, i) => i + 4));
    expect(more[16].testLoss).toBeLessThan(0.7 * first[0].loss);
    expect(plain!.stdout).toMatch(/^Kindling: the model of task\.js, 25 parameters\n/);
    expect(plain!.stdout).toMatch(/^epoch 1: loss \d\.\d{3}, test loss \d\.\d{3}, \d+\.\d s$/m);
  });

  test("learns pictures in a folder for each class, and its file is exported without naming the model", {
    timeout: 120_000,
  }, async () => {
    for (const [name, color] of [
      ["dark", 30],
      ["light", 220],
    ] as const) {
      mkdirSync(at(`photos/${name}`), { recursive: true });
      for (let i = 0; i < 10; i++) {
        const picture = torch.full([3, 20 + i, 24], color + i, { dtype: "uint8" });
        await torch.vision.io.writePng(picture, at(`photos/${name}/${i}.png`));
      }
    }
    const args = ["--data", "photos", "--size", "16", "--epochs", "8", "--lr", "0.01", "--optimizer", "adam", "--json"];
    const lines = json(await kindling("train", ...args, "--out", "seen"));
    // A fifth of each class is the test, whatever the seed: with a fifth of all, a class may be left out.
    expect(lines.at(-1)).toMatchObject({ testAccuracy: 1, reloadedAccuracy: 1, perClass: { dark: 1, light: 1 } });
    expect(existsSync(at("seen/predictions.png"))).toBe(true);
    expect((await kindling("export", "seen/model.safetensors", "seen.onnx")).code).toBe(0);
    const scores = (await torch.onnx.load(at("seen.onnx")))(torch.full([1, 3, 16, 16], 0.7));
    expect(scores.argmax(1).item()).toBe(1);
  });
});

test("bench prints a row for each measurement", { timeout: 120_000 }, async () => {
  const [found] = json(await kindling("bench", "--time", "1", "--threads", "1", "--json"));
  expect(found.rows.map(({ name }: { name: string }) => name)).toContain("training step of LeNet, batch 64");
  for (const row of found.rows) expect(row.rate, row.name).toBeGreaterThan(0);
  expect(found.limitPerThread).toBeGreaterThan(0.1);
});

describe("completion", () => {
  const script = at("completion.bash");

  /** What bash offers after some words. */
  function offers(...words: string[]): string[] {
    const program = `source '${script}'
      COMP_WORDS=(kindling ${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length}; _kindling
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync("bash", ["-c", program], { cwd: root, encoding: "utf8" }).trim().split("\n");
  }

  test("bash offers commands, options, their words, and files", async () => {
    writeFileSync(script, (await kindling("completion", "bash")).stdout);
    writeFileSync(at("some-model.pt"), "");
    expect(offers("")).toEqual([...commands, "--help", "--version"]);
    expect(offers("tr")).toEqual(["train"]);
    expect(offers("train", "--opt")).toEqual(["--optimizer"]);
    expect(offers("train", "--optimizer", "ad")).toEqual(["adam", "adamw"]);
    expect(offers("completion", "z")).toEqual(["zsh"]);
    expect(offers("inspect", "some-")).toEqual(["some-model.pt"]);
  });

  test("zsh and fish have every command and option", async () => {
    const shells = ["zsh", "fish"];
    const told = await kindlingInTurn([...helpLines, ...shells.map((shell) => ["completion", shell])]);
    const help = told.map(({ stdout }) => stdout);
    for (const [k, shell] of shells.entries()) {
      const stdout = help[commands.length + k]!;
      for (const [i, name] of commands.entries()) {
        const line = stdout
          .split("\n")
          .filter((text) => new RegExp(`^ +${name}\\)|subcommand_from ${name}'`).test(text))
          .join("\n");
        for (const [, flag] of help[i]!.matchAll(/^ +(?:-\w, )?--([\w-]+)/gm))
          expect(line, `${shell} ${name} ${flag}`).toMatch(shell === "zsh" ? `--${flag}[` : `-l ${flag} `);
      }
    }
  });
});
