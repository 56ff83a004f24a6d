/** Layers that are computed as one: what `fuseModules` makes. */

import { nameOf } from "../../core/className";
import type { ReLU } from "../../nn/layers/activation";
import type { BatchNorm2d } from "../../nn/layers/batchnorm";
import type { Conv1d, Conv2d } from "../../nn/layers/conv";
import type { Linear } from "../../nn/layers/linear";
import { checkModule } from "../../nn/module/checks";
import { Sequential } from "../../nn/module/container";
import type { Module } from "../../nn/module/module";

/** @throws ArgumentError unless all are modules. */
function parts(type: unknown, ...modules: Module[]): Module[] {
  for (const module of modules) checkModule(nameOf(type), module);
  return modules;
}

/** Several layers that are quantized as one. @see torch.ao.nn.intrinsic._FusedModule */
export abstract class FusedModule extends Sequential {}

/** A convolution and a rectifier. @see torch.ao.nn.intrinsic.ConvReLU2d */
export class ConvReLU2d extends FusedModule {
  constructor(conv: Conv2d, relu: ReLU) {
    super(...parts(new.target, conv, relu));
  }
}

/** A convolution of sequences and a rectifier. @see torch.ao.nn.intrinsic.ConvReLU1d */
export class ConvReLU1d extends FusedModule {
  constructor(conv: Conv1d, relu: ReLU) {
    super(...parts(new.target, conv, relu));
  }
}

/** A linear map and a rectifier. @see torch.ao.nn.intrinsic.LinearReLU */
export class LinearReLU extends FusedModule {
  constructor(linear: Linear, relu: ReLU) {
    super(...parts(new.target, linear, relu));
  }
}

/** Batch normalization and a rectifier. @see torch.ao.nn.intrinsic.BNReLU2d */
export class BNReLU2d extends FusedModule {
  constructor(norm: BatchNorm2d, relu: ReLU) {
    super(...parts(new.target, norm, relu));
  }
}
