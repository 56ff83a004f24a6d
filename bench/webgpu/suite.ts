/** What `npm run bench -- webgpu` measures, in the sizes of a card or of a software adapter. */
import type { Conv, Matmul, Train } from "../workloads";

/** Scaled dot products of [batch, heads, length, depth], without a mask. */
export interface Attention {
  readonly kind: "attention";
  readonly name: string;
  readonly batch: number;
  readonly heads: number;
  readonly length: number;
  readonly depth: number;
}

export type GpuWorkload = Matmul | Conv | Attention | (Train & { readonly width: number });

/** How large workloads are: of a graphics card, or of a processor that plays one. */
export type Scale = "card" | "software";

const matmul = (m: number, k = m, n = m, layout: Matmul["layout"] = "NN"): Matmul => ({
  kind: "matmul",
  name: `matmul ${m === k && k === n ? m : `${m}×${k}×${n}`}${layout === "NN" ? "" : ` ${layout}`}`,
  m,
  k,
  n,
  layout,
});

const passNames = { forward: "", inputGrad: ", input gradient", weightGrad: ", weight gradient" } as const;

function conv(
  pass: Conv["pass"],
  batch: number,
  channels: number,
  size: number,
  filters: number,
  kernel: number,
  stride = 1,
): Conv {
  const name = `conv ${batch}×${channels}×${size} ${kernel}×${kernel} → ${filters}${stride > 1 ? `, stride ${stride}` : ""}${passNames[pass]}`;
  const padding = (kernel - 1) / 2;
  return { kind: "conv", name, pass, batch, channels, size, filters, kernel, stride, padding };
}

/** The kinds of convolutions that ResNet-50 consists of; a software adapter gets parts of the pictures. */
const resnet50 = (batch: number, part: number): Conv[] => [
  conv("forward", batch, 3, 224 / part, 64, 7, 2),
  conv("forward", batch, 64, 56 / part, 64, 3),
  conv("forward", batch, 64, 56 / part, 256, 1),
  conv("forward", batch, 256, 56 / part, 64, 1),
  conv("forward", batch, 128, 28 / part, 128, 3),
  conv("forward", batch, 256, 28 / part, 256, 3, 2),
  conv("forward", batch, 256, 14 / part, 1024, 1),
  conv("inputGrad", batch, 64, 56 / part, 64, 3),
  conv("weightGrad", batch, 64, 56 / part, 64, 3),
];

const attention = (batch: number, heads: number, length: number, depth: number): Attention => ({
  kind: "attention",
  name: `attention ${batch}×${heads}×${length}×${depth}`,
  batch,
  heads,
  length,
  depth,
});

const train = (model: "lenet" | "gpt", batch: number, width: number): Train & { readonly width: number } => ({
  kind: "train",
  name: `${model} step, batch ${batch}`,
  model,
  batch,
  optimizer: "sgd",
  width,
});

export const suiteOf = (scale: Scale): readonly GpuWorkload[] =>
  scale === "card"
    ? [
        ...[matmul(1024), matmul(4096), matmul(4096, 4096, 4096, "NT"), matmul(4096, 4096, 4096, "TN"), matmul(8192)],
        ...[matmul(64, 4096, 4096), matmul(1, 4096, 4096)],
        ...resnet50(16, 1),
        ...[attention(4, 16, 1024, 64), train("lenet", 64, 1), train("gpt", 8, 512)],
      ]
    : [
        ...[matmul(128), matmul(256), matmul(256, 256, 256, "NT"), matmul(256, 256, 256, "TN"), matmul(512)],
        ...[matmul(16, 512, 512), matmul(1, 1024, 1024)],
        ...resnet50(1, 2),
        ...[attention(1, 4, 128, 64), train("lenet", 8, 1), train("gpt", 2, 64)],
      ];

/** Floating-point operations of the products of an attention. */
export const attentionFlops = ({ batch, heads, length, depth }: Attention): number =>
  4 * batch * heads * length * length * depth;
