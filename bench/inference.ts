/** Networks that infer: what Kindling runs, and what is exported for ONNX Runtime. */
import * as torch from "kindling";
import { resnet50Int8 } from "./quantizable";
import type { Inference } from "./workloads";

const { nn, vision } = torch;

/** Four layers of an encoder like BERT's ("small": 512 features, 8 heads), behind the embedding. */
function encoder(): torch.nn.Module {
  const layer = new nn.TransformerEncoderLayer(512, 8, { dimFeedforward: 2048, activation: "gelu", batchFirst: true });
  return new nn.TransformerEncoder(layer, 4);
}

const networks = {
  resnet50: { make: () => vision.models.resnet50(), shape: [3, 224, 224] },
  mobilenetV2: { make: () => vision.models.mobilenetV2(), shape: [3, 224, 224] },
  bert: { make: encoder, shape: [128, 512] },
  linear: { make: () => new nn.Linear(768, 3072), shape: [768] },
} as const;

/** Networks in integers of 8 bits. */
const quantized: { readonly [model in Inference["model"]]?: () => torch.nn.Module } = {
  resnet50: resnet50Int8,
  linear: () => {
    const model = new nn.Sequential(networks.linear.make()).eval();
    return torch.quantization.quantizeDynamic(model, new Set([nn.Linear]), torch.qint8);
  },
};

/** A network, ready to infer, and what it is given. */
export function inference({ model: name, batch, type }: Inference): { model: torch.nn.Module; x: torch.Tensor } {
  torch.manualSeed(0);
  const { make, shape } = networks[name];
  const model = type === "int8" ? quantized[name]!() : make().eval();
  return { model, x: torch.rand(batch, ...shape) };
}

/** The network as an ONNX file with the input `x`, and what it is given. */
export async function exported(workload: Inference) {
  const { model, x } = inference(workload);
  const bytes = await torch.onnx.export(model, [x], { inputNames: ["x"] });
  return { bytes, x: x.toTypedArray() as Float32Array, shape: x.shape };
}
