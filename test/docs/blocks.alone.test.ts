/** Every block of code in the README and the documentation runs; what it is not itself about is set up here. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { transformSync } from "esbuild";
import * as torch from "kindling";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { cut, cutNote } from "../helpers/cut";
import { noGpu, onGpu } from "../helpers/webgpu";

interface Block {
  readonly language: string;
  readonly code: string;
}

const pages = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync("docs", { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name.replaceAll("\\", "/")}`)
    .sort(),
];

const blocksOf = (page: string): Block[] =>
  [...readFileSync(page, "utf8").matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, code]) => ({
    language: language!,
    code: code!,
  }));

/** By page and number, from 1 on. */
const all = new Map<string, Block>(
  pages.flatMap((page) => blocksOf(page).map((block, i) => [`${page} ${i + 1}`, block] as const)),
);
/** Pages whose blocks make programs: each goes on from the one before, unless it imports the library itself. */
const isOfPrograms = (name: string): boolean => /^docs\/(tutorials|how-to)\//.test(name);

const startsProgram = ({ code }: Block): boolean => /^import .* from "kindling";$/m.test(code);

/** The block that a block of such a page goes on from. */
function blockBefore(name: string): string | undefined {
  const [, page, number] = /^(.*) (\d+)$/.exec(name)!;
  if (!isOfPrograms(name) || startsProgram(all.get(name)!)) return undefined;
  for (let i = Number(number) - 1; i > 0; i--) if (all.get(`${page} ${i}`)!.language === "ts") return `${page} ${i}`;
  return undefined;
}

const ofLanguage = (...languages: string[]): [string, Block][] =>
  [...all].filter(([, { language }]) => languages.includes(language));

/** What a block takes for granted. */
interface Setting {
  /** The block before, which it continues. */
  readonly after?: string;
  /** Code that runs first. */
  readonly setup?: string;
  /** Code that looks at what the block made. */
  readonly check?: string;
}

const training = `
  const { nn, optim } = torch;
  const model = new nn.Linear(2, 1);
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
`;

const pair = (n: number) => `new torch.utils.data.TensorDataset(torch.ones(${n}, 2), torch.ones(${n}, 1))`;

const settings: Readonly<Record<string, Setting>> = {
  "README.md 1": { check: "expect(model(x).shape).toEqual([256, 1]);" },
  "README.md 5": {
    setup: `
      const idx = (dims, bytes) => Uint8Array.from([0, 0, 8, dims.length, ...dims.flatMap((n) => [0, 0, n >> 8, n & 255]), ...bytes]);
      for (const part of ["train", "t10k"]) {
        write("data/FashionMNIST/raw/" + part + "-images-idx3-ubyte", idx([64, 28, 28], new Uint8Array(64 * 784)));
        write("data/FashionMNIST/raw/" + part + "-labels-idx1-ubyte", idx([64], new Uint8Array(64)));
      }
    `,
    check: "expect(train.length).toBe(64);",
  },
  "docs/add-an-op.md 1": {
    setup: "const unary = (name, entry) => ({ name, ...entry });",
    check:
      "expect([sin.name, sin.js(1), sin.grad(torch.tensor(2), { x: torch.tensor(0) }).item()]).toEqual(['sin', Math.sin(1), 2]);",
  },
  "docs/add-an-op.md 2": {
    setup: `
      const named = (name, signature, body) => body;
      const product = (a, b) => a.matmul(b);
      const record = (name, result, inputs, saved, gradients) => ({ result, gradients: gradients.map((f) => () => f(torch.ones(2, 2), saved)) });
    `,
    check: `
      const [a, b] = [torch.ones(2, 3), torch.ones(3, 2)];
      expect(mm(a, b).result.shape).toEqual([2, 2]);
      expect(mm(a, b).gradients.map((f) => f().result.shape)).toEqual([[2, 3], [3, 2]]);
    `,
  },
  "docs/bundling.md 1": {
    setup: "const { nn } = torch;",
    check: "expect(String(new Net())).toBe('Net()');",
  },
  "docs/bundling.md 2": {
    setup: "let calls = 0; const main = async () => void calls++;",
    check: "expect(calls).toBe(1);",
  },
  "docs/debugging.md 6": {
    setup: "const held = []; const step = () => held.push(torch.ones(2), torch.ones(2));",
    check: "expect(after.blocks - before.blocks).toBe(200); for (const x of held) x.dispose();",
  },
  "docs/devices.md 2": {
    setup: `
      const inner = 1, n = 3, y = torch.empty(2, 3);
      const x = torch.tensor([[1, 2, 3], [4, 5, 6]]).float();
    `,
    check: "expect(torch.allclose(y, x.softmax(1))).toBe(true);",
  },
  "docs/autograd.md 1": { check: "expect(String(y.gradFn)).toContain('ExpBackward');" },
  "docs/autograd.md 2": {
    after: "docs/autograd.md 1",
    check:
      "expect(perExample.shape).toEqual([8, 3]); expect(torch.allclose(torch.func.grad(f)(x), x.cos())).toBe(true);",
  },
  "docs/autograd.md 3": {
    setup: `const { autograd } = torch; const lossFn = torch.nn.functional.mseLoss; const model = new torch.nn.Linear(2, 1); const [inputs, targets] = [torch.ones(3, 2), torch.ones(3, 1)];`,
    check: "expect(model.weight.grad.shape).toEqual([1, 2]);",
  },
  "docs/autograd.md 4": {
    setup: `
      const block = new torch.nn.Linear(2, 2);
      const model = new torch.nn.Sequential(...Array.from({ length: 4 }, () => new torch.nn.Linear(2, 2)));
      const inputs = torch.ones(3, 2, { requiresGrad: true });
    `,
    check:
      "expect(torch.allclose(out, model(inputs))).toBe(true); expect(torch.allclose(z, block(inputs))).toBe(true);",
  },
  "docs/autograd.md 5": {
    setup: `const model = new torch.nn.Linear(2, 1); const decode = async (image) => image; const [first, second] = [torch.ones(2), torch.ones(2)];`,
    check: "expect([a.requiresGrad, b.requiresGrad]).toEqual([false, false]);",
  },
  "docs/checkpoints.md 1": {
    setup: `${training}
      const scheduler = new optim.lrScheduler.StepLR(optimizer, { stepSize: 1 });
      const loader = new torch.utils.data.DataLoader(${pair(4)}, { batchSize: 2, shuffle: true });
      const evaluate = async (net) => net(torch.ones(2)).item();
    `,
    check: "expect([epoch, step]).toEqual([10, 20]);",
  },
  "docs/data-parallel.md 1": {
    setup: `const dataset = ${pair(4)};`,
    check: "expect(model.parameters().length).toBe(2);",
  },
  "docs/data-parallel.md 5": { setup: `const folder = "runs/ranks";`, check: "expect(step).toBe(4);" },
  "docs/darknet.md 1": {
    setup: `
      write("coco.names", "cat\\ndog\\n");
      write("yolov3-tiny.cfg", "[net]\\nheight=8\\nwidth=8\\n[convolutional]\\nfilters=7\\nsize=1\\nactivation=linear\\n[yolo]\\nclasses=2\\nnum=1\\nanchors=4,4\\n");
      const made = await torch.darknet.load("yolov3-tiny.cfg");
      made.stateDict()["module_list.0.Conv2d.bias"].copy_(torch.tensor([0, 0, 0, 0, 9, 9, -9]));
      await torch.darknet.saveWeights(made, "yolov3-tiny.weights");
      await torch.vision.io.writeJpeg(torch.full([3, 20, 30], 9, { dtype: "uint8" }), "street.jpg");
    `,
    check:
      "expect(texts.length).toBeGreaterThan(0); expect(texts[0]).toMatch(/^cat [01]\\.\\d\\d$/); expect(drawn.shape).toEqual([3, 20, 30]);",
  },
  "docs/distributed.md 1": { check: "expect(sum.item()).toBe(499500); dist.destroyProcessGroup();" },
  "docs/files.md 1": { setup: training, check: "expect(checkpoint.epoch).toBe(3);" },
  "docs/files.md 2": {
    setup: `
      await torch.safetensors.saveFile({ "lm_head.weight": torch.ones(3, 2), "wte.weight": torch.arange(60).reshape(20, 3).float() }, "model.safetensors", {}, { maxShardSize: 100 });
    `,
    check: "expect(weight.shape).toEqual([3, 2]); expect(rows.shape).toEqual([10, 2]);",
  },
  "docs/files.md 3": {
    setup: `
      const { GPT2LMHeadModel } = await torch.hub.huggingFace();
      await torch.hub.savePretrained(new GPT2LMHeadModel({ vocabSize: 60, nPositions: 64, nEmbd: 8, nLayer: 1, nHead: 2, eosTokenId: null }), "published");
      serve("published");
      const prompt = torch.tensor([[1, 2, 3]], { dtype: "int64" });
    `,
    check: "expect(ids.shape).toEqual([1, 43]);",
  },
  "docs/onnx.md 1": {
    setup: "const net = new torch.nn.Conv2d(3, 2, 3, { stride: 16 });",
    check: "expect((await torch.onnx.load('net.onnx')).inputNames).toEqual(['image']);",
  },
  "docs/onnx.md 2": {
    setup: `
      await torch.onnx.export(new torch.nn.Linear(3, 2), torch.ones(1, 3), "resnet18.onnx", { inputNames: ["input"] });
      const images = torch.ones(1, 3);
    `,
    check: "expect(torch.equal(logits, model({ input: images }))).toBe(true);",
  },
  "docs/pictures.md 1": {
    setup: `
      await torch.vision.io.writeJpeg(torch.full([3, 48, 64], 9, { dtype: "uint8" }), "cat.jpg");
      const boxes = torch.tensor([[1, 2, 30, 40]]); const labels = ["cat"]; const batch = torch.rand(4, 3, 8, 8);
    `,
    check: "expect(x.shape).toEqual([3, 48, 64]); expect(exists('batch.png')).toBe(true);",
  },
  "docs/pictures.md 2": {
    setup: "const { vision } = torch; const train = () => 1; const validate = () => 2; const test = () => 3;",
    check: "expect(history).toBeDefined();",
  },
  "docs/how-to/own-pictures.md 3": {
    setup: `
      for (const name of ["cat", "dog"])
        for (let i = 0; i < 3; i++) {
          write("photos/" + name + "/" + i, "");
          await torch.vision.io.writePng(torch.randint(0, 256, [3, 70, 80]).to("uint8"), "photos/" + name + "/" + i + ".png");
        }
    `,
    check: "expect(photos.classes).toEqual(['cat', 'dog']); expect(exists('photos.safetensors')).toBe(true);",
  },
  "docs/how-to/load-pth.md 1": {
    setup: "await torch.save(torch.vision.models.resnet18({ numClasses: 10 }).stateDict(), 'resnet18.pth');",
    check: "expect(torch.equal(model.fc.weight, state['fc.weight'])).toBe(true);",
  },
  "docs/how-to/custom-layer.md 1": {
    check: "expect(Object.keys(model.stateDict())).toEqual(['0.weight', '0.bias', '1.weight', '1.calls']);",
  },
  "docs/how-to/freeze-layers.md 1": {
    check: "expect(learned.length).toBe(2); expect(torch.equal(before, model.conv1.weight)).toBe(true);",
  },
  "docs/how-to/export-onnx.md 1": {
    check: "expect(torch.allclose(model(x), again(x), { atol: 1e-6 })).toBe(true);",
  },
  "docs/quick-start.md 2": { check: "expect(model(x).gt(0).eq(y).float().mean().item()).toBeGreaterThan(0.9);" },
  "docs/tutorials/optimization.md 5": { check: "expect(await accuracy()).toBeGreaterThan(0.5);" },
  "docs/tutorials/save-load.md 2": { check: "expect(torch.equal(model(x), copy(x))).toBe(true);" },
  "docs/tutorials/transforms.md 2": { check: "expect(torch.equal(once, again)).toBe(false);" },
  "docs/seeing.md 1": {},
  "docs/seeing.md 2": {
    setup: "const model = new torch.nn.Linear(3, 2); const x = torch.ones(4, 3);",
    check: "expect(exists('trace.json')).toBe(true);",
  },
  "docs/seeing.md 3": {
    setup: "const loader = Array.from({ length: 12 }, () => [1, 2]); const train = () => torch.ones(3).exp();",
    check: "expect(list('runs/profile').length).toBeGreaterThan(0);",
  },
  "docs/tensorboard.md 1": {
    setup: "let value = 1; const train = () => (value /= 2); const model = new torch.nn.Linear(2, 1);",
    check: "expect(list('runs/first').length).toBe(1);",
  },
  "docs/tensorboard.md 3": { setup: "const checkpoint = { step: 3 };", check: "await writer.close();" },
  "docs/text-and-audio.md 1": { check: "expect(words(tokenizer('Hello stranger'))).toEqual([2, 1]);" },
  "docs/text-and-audio.md 2": { after: "docs/text-and-audio.md 1" },
  "docs/text-and-audio.md 3": {
    setup: `
      const { text } = torch;
      const word = (name, k) => name + " " + Array.from({ length: 50 }, (_, i) => Math.sin(i * k)).join(" ");
      write(".vector_cache/glove.6B.50d.txt", ["frog", "king", "woman", "man", "queen"].map(word).join("\\n") + "\\n");
    `,
    check: "expect(glove.length).toBe(5);",
  },
  "docs/text-and-audio.md 4": {
    setup: `
      const { text } = torch;
      const vocab = { "[UNK]": 0, Hello: 1, world: 2, and: 3, its: 4, pair: 5 };
      write("tokenizer.json", JSON.stringify({
        version: "1.0", truncation: null, padding: null, added_tokens: [], normalizer: null, pre_tokenizer: { type: "Whitespace" },
        post_processor: null, decoder: null, model: { type: "WordPiece", unk_token: "[UNK]", continuing_subword_prefix: "##", max_input_chars_per_word: 100, vocab },
      }));
    `,
    check: "expect([...ids]).toEqual([1, 2, 3, 4, 5]);",
  },
  "docs/text-and-audio.md 5": { check: "expect(mfcc(waveform).shape).toEqual([1, 13, 101]);" },
  "docs/transforms.md 1": {
    check: "expect(augment(new torch.vision.Image('RGB', 40, 40, new Uint8Array(4800))).shape).toEqual([3, 32, 32]);",
  },
  "docs/transforms.md 2": {
    setup: "const image = torch.zeros([3, 64, 64], { dtype: 'uint8' });",
    check:
      "expect(pixels.data.shape).toEqual([3, 48, 48]); expect(Object.keys(target)).toEqual(['boxes', 'masks', 'labels']);",
  },
};

const root = mkdtempSync(join(tmpdir(), "kindling-docs-"));
const home = process.cwd();
beforeAll(() => process.chdir(root));
afterAll(() => {
  process.chdir(home);
  vi.unstubAllGlobals();
  rmSync(root, { recursive: true });
});

/** What blocks may call beside the library. */
const helpers = {
  torch,
  expect,
  exists: existsSync,
  list: (folder: string) => readdirSync(folder),
  write(path: string, content: string | Uint8Array): void {
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, content);
  },
  /** Answers all requests with the files of a folder. */
  serve(folder: string): void {
    vi.stubGlobal("fetch", async (url: string | URL) => {
      const path = join(folder, basename(new URL(url).pathname));
      return existsSync(path) ? new Response(readFileSync(path)) : new Response("", { status: 404 });
    });
  },
};

/** The code of a block without types, its imports from the library as names of it. */
function plain(code: string): string {
  const named = code.replace(/^import \* as torch from "kindling";$/gm, "").replace(
    /^import \{(.*)\} from "kindling";$/gm,
    (_, names: string) =>
      `const {${names
        .split(",")
        .filter((name) => !/^\s*type /.test(name))
        .join(",")}} = torch;`,
  );
  return transformSync(named.replace(/^export /gm, ""), { loader: "ts", format: "esm", target: "es2022" }).code;
}

/** A block after those that it continues. */
function program(name: string): string {
  const { after = blockBefore(name), setup = "", check = "" } = settings[name] ?? {};
  const before = after === undefined ? "" : program(after);
  return `${before}\n${setup}\n${plain(all.get(name)!.code)}\n${check}`;
}

const AsyncFunction = (async () => {}).constructor as new (...args: string[]) => (...args: unknown[]) => Promise<void>;

test("every setting is that of a block", () => {
  expect(Object.keys(settings).filter((name) => !all.has(name))).toEqual([]);
  expect(new Set([...all.values()].map(({ language }) => language))).toEqual(
    new Set(["html", "javascript", "js", "nginx", "sh", "text", "ts"]),
  );
});

async function runBlock(name: string): Promise<void> {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  const out = vi.spyOn(process.stdout, "write").mockImplementation(() => true);
  try {
    await new AsyncFunction(...Object.keys(helpers), program(name))(...Object.values(helpers));
  } finally {
    log.mockRestore();
    out.mockRestore();
  }
}

/** Pages whose blocks compute on the GPU. */
const isOfGpu = ([name]: readonly [string, Block]) => name.startsWith("docs/webgpu.md");

/** Blocks that others go on from run as the beginning of these. */
const beginnings = new Set([...all.keys()].map((name) => settings[name]?.after ?? blockBefore(name)));
const ends = ofLanguage("ts").filter(([name]) => !beginnings.has(name));

test.each(ends.filter((block) => !isOfGpu(block)))("%s runs", { timeout: 120_000 }, runBlock);

describe.skipIf(noGpu !== undefined)(onGpu, () => {
  test.each(cut(ends.filter(isOfGpu), 4))(`%s runs${cutNote}`, { timeout: 120_000 }, runBlock);
});

test.each(ofLanguage("js"))("%s runs as a program in the repository", (_, { code }) => {
  expect(
    execFileSync(process.execPath, ["--input-type=module", "--eval", code], { cwd: home, encoding: "utf8" }),
  ).not.toBe("");
});

describe("commands", () => {
  const scripts = JSON.parse(readFileSync("package.json", "utf8")).scripts as Record<string, string>;
  /** A source of a program, or all in a folder, joined. */
  const sourcesIn = (path: string): string => {
    if (/\.(ts|mjs)$/.test(path)) return readFileSync(join(home, path), "utf8");
    return readdirSync(join(home, path), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(ts|mjs)$/.test(name))
      .map((name) => readFileSync(join(home, path, name), "utf8"))
      .join("\n");
  };
  const camelCase = (flag: string) => flag.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

  /** Where the program that a command line starts takes its flags: a folder or a file. @throws Error for an unknown one. */
  function programOf(line: string): string | undefined {
    const [first, second, third, , fifth] = line.split(/\s+/);
    if (first === "npx" && second === "kindling") return "src/cli";
    if (first === "npx" && existsSync(join(home, "node_modules", ".bin", second!))) return undefined;
    if (first === "tensorboard" || (first === "cp" && existsSync(join(home, second!, "..")))) return undefined;
    if (first !== "npm") throw new Error(`unknown command: ${line}`);
    const script = second === "run" ? third! : second!;
    if (!(script in scripts)) throw new Error(`package.json has no script "${script}"`);
    if (script === "example") return `examples/${fifth}`;
    return { start: "src/cli", fuzz: "scripts/fuzz", bench: "bench/options.ts" }[script] ?? "scripts";
  }

  const lines = ofLanguage("sh").flatMap(([name, { code }]) =>
    code
      .split("\n")
      .map((line) => line.replace(/\s+#.*$/, "").trim())
      .filter((line) => line !== "")
      .map((line) => [name, line] as const),
  );

  test.each(lines)("%s: %s", (_, line) => {
    if (line === "npm install kindling") return expect(scripts).toBeDefined();
    const folder = programOf(line);
    if (folder === undefined) {
      expect(line).toMatch(/^(tensorboard --logdir|cp \S+|npx rollup --config) \S+$/);
      return;
    }
    expect(existsSync(join(home, folder)), folder).toBe(true);
    const sources = sourcesIn(folder);
    for (const [, flag] of line.matchAll(/(?<=\s)--([a-z][\w-]*)/g))
      if (flag !== "help") expect(sources, `--${flag}`).toMatch(new RegExp(`\\b${camelCase(flag!)}\\b|--${flag}\\b`));
    const command = /^npx kindling (\w+)/.exec(line)?.[1];
    if (command !== undefined) expect(sources).toContain(`"${command}`);
  });
});
