/** Hugging Face's models against numpy, generation, and matrices of low rank. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as torch from "kindling";
import { afterAll, describe, expect, test } from "vitest";

interface Expected {
  config: Record<string, unknown>;
  weights: [name: string, shape: number[], scale: number, shift: number][];
  output: number[][];
}
type All = { ids: number[] } & Record<"gpt2" | "bert" | "llama", Expected>;
const all = JSON.parse(readFileSync(join(import.meta.dirname, "models.json"), "utf8")) as All;
const root = mkdtempSync(join(tmpdir(), "kindling-hub-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const ids = torch.tensor([all.ids], { dtype: "int64" });
const { lora } = torch.nn.utils;

/** A folder as Hugging Face has it. */
async function folderOf(
  name: "gpt2" | "bert" | "llama",
  change: (state: Record<string, torch.Tensor>) => unknown = () => {},
) {
  const { config, weights } = all[name];
  const state: Record<string, torch.Tensor> = {};
  weights.forEach(([key, shape, scale, shift], n) => {
    const count = shape.reduce((a, b) => a * b, 1);
    const values = Float32Array.from({ length: count }, (_, i) => Math.sin(0.7 * i + 1.3 * n) * scale + shift);
    state[key] = torch.tensor(values).reshape(shape);
  });
  change(state);
  const folder = mkdtempSync(join(root, `${name}-`));
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  await torch.safetensors.saveFile(state, join(folder, "model.safetensors"));
  return folder;
}

const near = (found: torch.Tensor, expected: number[][]) =>
  expect(torch.allclose(found, torch.tensor(expected), { rtol: 1e-4, atol: 1e-4 })).toBe(true);

describe("what numpy computes", () => {
  test.each(["gpt2", "llama"] as const)("%s", async (name) => {
    const model = await torch.hub.fromPretrained(await folderOf(name));
    near(model(ids).logits.squeeze(0), all[name].output);
    // In two parts, with the cache.
    const first = model(ids.narrow(1, 0, 2));
    const rest = model(ids.narrow(1, 2, 3), { pastKeyValues: first.pastKeyValues });
    near(torch.cat([first.logits, rest.logits], 1).squeeze(0), all[name].output);
    // Padding on the left changes nothing.
    const padded = torch.cat([torch.tensor([[7, 7]], { dtype: "int64" }), ids], 1);
    const attentionMask = torch.tensor([[0, 0, 1, 1, 1, 1, 1]], { dtype: "int64" });
    near(model(padded, { attentionMask }).logits.squeeze(0).narrow(0, 2, 5), all[name].output);
  });

  test("bert", async () => {
    const model = await torch.hub.fromPretrained(await folderOf("bert"));
    const attentionMask = torch.tensor([[1, 1, 1, 1, 0]], { dtype: "int64" });
    const tokenTypeIds = torch.tensor([[0, 0, 0, 1, 1]], { dtype: "int64" });
    near(model(ids, { attentionMask, tokenTypeIds }).logits.squeeze(0).narrow(0, 0, 4), all.bert.output);
  });

  test("ViT computes what torchvision's does with the same weights", async () => {
    const { ViTForImageClassification, viTFromTorchvision, viTToTorchvision } = await torch.hub.huggingFace();
    const theirs = new torch.vision.models.VisionTransformer({
      imageSize: 8,
      patchSize: 4,
      numLayers: 2,
      numHeads: 2,
      hiddenDim: 8,
      mlpDim: 12,
      numClasses: 3,
    });
    // The head begins with zeros, which would compute nothing.
    for (const [key, p] of theirs.namedParameters()) if (key.startsWith("heads")) torch.nn.init.normal_(p);
    const ours = new ViTForImageClassification({
      imageSize: 8,
      patchSize: 4,
      numHiddenLayers: 2,
      numAttentionHeads: 2,
      hiddenSize: 8,
      intermediateSize: 12,
      numLabels: 3,
      layerNormEps: 1e-6,
    });
    ours.loadStateDict(viTFromTorchvision(theirs.stateDict()));
    const images = torch.rand(2, 3, 8, 8);
    near(ours.eval()(images).logits, theirs.eval()(images).tolist() as number[][]);
    const back = viTToTorchvision(ours.stateDict());
    for (const [key, value] of Object.entries(theirs.stateDict())) expect(torch.equal(back[key]!, value)).toBe(true);
  });
});

test("a folder that is written is read again", async () => {
  for (const name of ["gpt2", "bert", "llama"] as const) {
    const model = await torch.hub.fromPretrained(await folderOf(name));
    const folder = join(root, `again-${name}`);
    await torch.hub.savePretrained(model, folder);
    const keys = Object.keys(await torch.safetensors.loadFile(join(folder, "model.safetensors"))).sort();
    expect(keys).toEqual(all[name].weights.map(([key]) => key).sort());
    const again = await torch.hub.fromPretrained(folder);
    expect(again(ids).logits.tolist()).toEqual(model(ids).logits.tolist());
  }
});

test("missing and unexpected names, and a config that lies, are errors", async () => {
  const missing = await folderOf("gpt2", (state) => delete state["transformer.h.0.ln_1.weight"]);
  await expect(torch.hub.fromPretrained(missing)).rejects.toThrow(
    /^fromPretrained: .*Missing key.*"transformer\.h\.0\.ln_1\.weight"/s,
  );
  const extra = await folderOf("gpt2", (state) => Object.assign(state, { other: torch.ones(1) }));
  await expect(torch.hub.fromPretrained(extra)).rejects.toThrow(/Unexpected key.*other/s);
  const lies = await folderOf("gpt2");
  writeFileSync(join(lies, "config.json"), JSON.stringify({ ...all.gpt2.config, vocab_size: 2 ** 30 }));
  await expect(torch.hub.fromPretrained(lies)).rejects.toThrow(/asks for "transformer\.wte\.weight" of shape/);
  await expect(torch.hub.fromPretrained("no/such")).rejects.toThrow(/huggingface\.co\/no\/such\/resolve\/main/);
});

test.each(["gpt2", "llama"] as const)("%s generates the same with the cache as without", async (name) => {
  const model = await torch.hub.fromPretrained(await folderOf(name));
  const batch = torch.tensor(
    [
      [3, 1],
      [2, 9],
    ],
    { dtype: "int64" },
  );
  const greedy = await model.generate(batch, { maxNewTokens: 10 });
  expect(greedy.shape).toEqual([2, 12]);
  expect((await model.generate(batch, { maxNewTokens: 10, useCache: false })).tolist()).toEqual(greedy.tolist());
  const draw = (useCache: boolean) =>
    model.generate(batch, {
      maxNewTokens: 10,
      doSample: true,
      topK: 5,
      topP: 0.9,
      useCache,
      generator: new torch.Generator().manualSeed(1),
    });
  expect((await draw(true)).tolist()).toEqual((await draw(false)).tolist());
  const streamed: number[][] = [];
  for await (const step of model.stream(batch, { maxNewTokens: 10 })) streamed.push(step);
  expect(torch.tensor(streamed).t().tolist()).toEqual(greedy.narrow(1, 2, 10).tolist());
  const first = greedy.tolist()[0][2];
  const ended = (await model.generate(batch.narrow(0, 0, 1), { maxNewTokens: 10, eosTokenId: first })).tolist();
  expect(ended).toEqual([[3, 1, first]]);
  await expect(model.generate(batch, { maxNewTokens: 100 })).rejects.toThrow(/more than the 16 that the model sees/);
});

test("what may be drawn", async () => {
  const { filteredProbabilities } = await torch.hub.huggingFace();
  const scores = [0.5, 0.3, 0.15, 0.05].map(Math.log);
  const rounded = (k: number, p: number) =>
    [...filteredProbabilities(scores, 1, k, p)].map((x) => Math.round(x * 1000) / 1000);
  expect(rounded(2, 1)).toEqual([0.5 / 0.8, 0.3 / 0.8, 0, 0].map((x) => Math.round(x * 1000) / 1000));
  expect(rounded(0, 0.7).map((x) => x > 0)).toEqual([true, true, false, false]);
});

describe("lora", () => {
  const { nn } = torch;
  class Net extends nn.Module {
    table = new nn.Embedding(7, 6);
    conv = new nn.Conv2d(1, 2, 3, { padding: 1, stride: 2 });
    fc = new nn.Linear(6, 4);
    override forward(x: torch.Tensor): torch.Tensor {
      const y = this.fc(this.table(x));
      return this.conv(y.unsqueeze(1));
    }
  }
  const x = torch.tensor([[1, 2, 3, 4, 5]], { dtype: "int64" });
  const close = (a: torch.Tensor, b: torch.Tensor) => expect(torch.allclose(a, b, { atol: 1e-5 })).toBe(true);

  test("starts as the model, learns beside it, and is merged", () => {
    const model = new Net();
    const before = model(x);
    const keys = Object.keys(model.stateDict());
    lora.applyLora(model, { r: 2, alpha: 4, targetModules: ["fc", "conv", "table"] });
    close(model(x), before);
    const optimizer = new torch.optim.SGD(
      model.parameters().filter((p) => p.requiresGrad),
      { lr: 0.1 },
    );
    for (let i = 0; i < 3; i++) {
      optimizer.zeroGrad();
      model(x).square().sum().backward();
      optimizer.step();
    }
    for (const [key, p] of model.namedParameters()) expect(p.grad !== null).toBe(/lora_[AB]$/.test(key));
    const learned = model(x);
    expect(torch.allclose(learned, before, { atol: 1e-4 })).toBe(false);
    close(lora.mergeLora(model)(x), learned);
    close(lora.unmergeLora(model)(x), learned);
    const state = lora.loraStateDict(model);
    expect(Object.keys(state).sort()).toEqual(
      ["conv", "fc", "table"].flatMap((name) => [`${name}.lora_A`, `${name}.lora_B`]),
    );
    const other = new Net();
    other.loadStateDict(
      Object.fromEntries(
        Object.entries(model.stateDict())
          .filter(([key]) => !/lora/.test(key))
          .map(([key, v]) => [key.replace(".base", ""), v]),
      ),
    );
    lora.loadLoraStateDict(lora.applyLora(other, { r: 2, alpha: 4, targetModules: /^(fc|conv|table)$/ }), state);
    close(other(x), learned);
    lora.mergeAndUnload(model);
    expect(Object.keys(model.stateDict())).toEqual(keys);
    close(model(x), learned);
  });

  test("wrong targets", () => {
    expect(() => lora.applyLora(new Net(), { targetModules: ["none"] })).toThrow(/^applyLora: no layer of Net/);
    expect(() => lora.applyLora(new nn.Sequential(new nn.ReLU()), { targetModules: ["0"] })).toThrow(/"0" is a ReLU/);
    expect(() => lora.loadLoraStateDict(lora.applyLora(new Net()), {})).toThrow(/missing entries: fc\.lora_A/);
  });
});

test("sentences as vectors", async () => {
  const { SentenceEncoder } = await torch.hub.huggingFace();
  const bert = await torch.hub.fromPretrained(await folderOf("bert"), { architecture: "BertModel", strict: false });
  const encoder = new SentenceEncoder(bert).eval();
  const tokenizer = { encode: (text: string) => ({ ids: [...text].map((c) => c.charCodeAt(0) % 11) }) };
  const vectors = encoder.encode(["ab", "abcd", "ab"], tokenizer);
  expect(vectors.shape).toEqual([3, 8]);
  // Padding changes nothing, and all have length 1.
  expect(torch.allclose(vectors.at(0), encoder.encode("ab", tokenizer).at(0), { atol: 1e-5 })).toBe(true);
  expect(encoder.similarity(vectors, vectors).at(0, 2).item()).toBeCloseTo(1, 5);
});
