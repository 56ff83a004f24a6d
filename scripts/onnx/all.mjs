/**
 * `node scripts/onnx/all.mjs [names…]`: every model of vision.models, exported and run by ONNX Runtime, and loaded again. Prints a table: how far both are
 * from the model's own results, and, where that is more than 1e-4, how far the model's results in float32 are from those in float64.
 * With `--size N` pictures have N pixels a side where the network allows.
 */
import * as torch from "../../dist/kindling.js";
import { check } from "./check.mjs";

const args = process.argv.slice(2);
const at = args.indexOf("--size");
const small = at < 0 ? 64 : Number(args.splice(at, 2)[1]);
const only = new Set(args);

/**
 * The networks that take one size, or none that is small.
 * @type {[RegExp, number][]}
 */
const sizes = [
  [/^inception/i, 299],
  [/^le_?net$/i, 32],
  [/^(maxvit|vit_)/i, 224],
  [/^vit_h/i, 518],
];
const sizeOf = (name) => sizes.findLast(([pattern]) => pattern.test(name))?.[1] ?? small;

/**
 * Gives a network values that let every part count: as they are made, many end in zeros, or in numbers too small to change the result. Parameters that are one number
 * become others, and normalizations get the statistics of a batch.
 */
function enliven(model, batch) {
  torch.noGrad(() => {
    for (const p of model.parameters())
      if (p.numel() > 1 && p.max().item() === p.min().item()) p.add_(torch.randn(...p.shape), { alpha: 0.1 });
    const norms = model.modules().filter((module) => "runningMean" in module && module.runningMean);
    if (norms.length === 0) return;
    for (const norm of norms) norm.momentum = 1;
    model.train();
    model(batch);
    model.eval();
  });
}

let failed = 0;
for (const name of torch.vision.models.listModels()) {
  if (only.size > 0 && !only.has(name)) continue;
  torch.manualSeed(0);
  const model = torch.vision.models.getModel(name);
  const size = sizeOf(name);
  const input = (batch) => torch.randn(batch, 3, size, size);
  // The statistics of few small pictures can be close to zero, and make every rounding large.
  enliven(model, input(8));
  const isLarge = model.parameters().reduce((n, p) => n + p.numel(), 0) > 60e6;
  const options = isLarge ? {} : { dynamicAxes: { input: { 0: "batch" } } };
  if (!(await check(name, model, input(1), options, isLarge ? [] : [input(2)]))) failed++;
}
console.log(`${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
