/** ResNet-50 as PyTorch's `torchvision.models.quantization` has it: sums by modules that can be observed, and stubs where integers begin and end. */
import * as torch from "kindling";

const { nn, quantization } = torch;

/** A convolution and what follows it; `withRelu`: a rectifier too. The three become one layer. */
function block(channels: number, filters: number, kernel: number, stride: number, withRelu: boolean) {
  const conv = new nn.Conv2d(channels, filters, kernel, { stride, padding: kernel >> 1, bias: false });
  const layers = [conv, new nn.BatchNorm2d(filters), ...(withRelu ? [new nn.ReLU()] : [])];
  return quantization.fuseModules(new nn.Sequential(...layers).eval(), [layers.map((_, i) => String(i))]);
}

class Bottleneck extends nn.Module {
  readonly body: torch.nn.Sequential;
  readonly downsample: torch.nn.Module;
  readonly skip = new torch.ao.nn.quantized.FloatFunctional();

  constructor(channels: number, width: number, stride: number) {
    super();
    const reduce = block(channels, width, 1, 1, true);
    this.body = new nn.Sequential(reduce, block(width, width, 3, stride, true), block(width, 4 * width, 1, 1, false));
    this.downsample = channels === 4 * width ? new nn.Identity() : block(channels, 4 * width, 1, stride, false);
  }

  override forward(x: torch.Tensor): torch.Tensor {
    return this.skip.addRelu(this.body(x), this.downsample(x));
  }
}

/** Blocks of each stage. */
const DEPTHS = [3, 4, 6, 3];

/** ResNet-50 in integers of 8 bits, with random weights; its scales are those of one random batch. */
export function resnet50Int8(): torch.nn.Module {
  const stages = DEPTHS.flatMap((depth, stage) =>
    Array.from({ length: depth }, (_, i) => {
      const width = 64 << stage;
      const before = i > 0 ? 4 * width : stage > 0 ? 2 * width : 64;
      return new Bottleneck(before, width, i === 0 && stage > 0 ? 2 : 1);
    }),
  );
  const model = new nn.Sequential(
    new quantization.QuantStub(),
    block(3, 64, 7, 2, true),
    new nn.MaxPool2d(3, { stride: 2, padding: 1 }),
    ...stages,
    new nn.AdaptiveAvgPool2d(1),
    new nn.Flatten(),
    new nn.Linear(2048, 1000),
    new quantization.DeQuantStub(),
  ).eval();
  Object.assign(model, { qconfig: quantization.getDefaultQconfig("fbgemm") });
  const prepared = quantization.prepare(model);
  torch.noGrad(() => prepared(torch.rand(1, 3, 224, 224)));
  return quantization.convert(prepared);
}
