/** `node scripts/onnx/all.mjs [first] [step]`: every model of vision.models, exported and run by ONNX Runtime. */
import * as torch from "../../dist/kindling.js";
import { check } from "./check.mjs";

const sizes = { inceptionV3: 299, googlenet: 224, leNet: 32, lenet: 32 };
const only = process.argv.slice(2);
let failed = 0;
for (const name of torch.vision.models.listModels()) {
  if (only.length > 0 && !only.includes(name)) continue;
  torch.manualSeed(0);
  const model = torch.vision.models.getModel(name);
  const size = sizes[name] ?? (/swin|vit|maxvit/i.test(name) ? 224 : 96);
  const channels = 3;
  const shape = (n) => [n, channels, size, size];
  const isLarge = model.parameters().reduce((n, p) => n + p.numel(), 0) > 60e6;
  const options = isLarge ? {} : { dynamicAxes: { input: { 0: "batch" } } };
  if (!(await check(name, model, torch.randn(...shape(1)), options, isLarge ? [] : [torch.randn(...shape(2))])))
    failed++;
}
console.log(`${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
