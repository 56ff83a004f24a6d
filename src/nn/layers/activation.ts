/** Activations without numbers to choose, as layers. All keep the shape of their input. */
import { nameOf } from "../../core/className";
import type { Arguments } from "../../core/signatureTypes";
import { relu6_ } from "../../ops/elementwise/activation";
import type { Tensor } from "../../tensor/tensor";
import * as F from "../functional";
import { takes } from "../module/forward";
import { Module } from "../module/module";
import { readArguments } from "../module/options";

/** Options of layers that can change their input. */
export interface InplaceOptions {
  /** Change the input. Default: false. */
  inplace?: boolean;
}

const signature = "; inplace";

/** An activation whose only option is `inplace`. */
abstract class InplaceActivation extends Module {
  inplace: boolean;

  constructor(inplace?: boolean);
  constructor(...given: Arguments<typeof signature, InplaceOptions>);
  constructor(...given: unknown[]) {
    super();
    this.inplace = readArguments<InplaceOptions>(nameOf(new.target), signature, { inplace: false }, given).inplace;
  }

  override extraRepr(): string {
    return this.inplace ? "inplace=True" : "";
  }
}

/** max(0, x). @see torch.nn.ReLU */
export class ReLU extends InplaceActivation {
  override forward(input: Tensor): Tensor {
    return this.inplace ? F.relu_(input) : F.relu(input);
  }
}

/** min(max(0, x), 6). @see torch.nn.ReLU6 */
export class ReLU6 extends InplaceActivation {
  override forward(input: Tensor): Tensor {
    return this.inplace ? relu6_(input) : F.relu6(input);
  }
}

/** Scaled ELU, which keeps mean and variance. @see torch.nn.SELU; Klambauer et al., 2017 */
export class SELU extends InplaceActivation {
  override forward(input: Tensor): Tensor {
    return this.inplace ? F.selu_(input) : F.selu(input);
  }
}

/** x · sigmoid(x), also called swish. @see torch.nn.SiLU */
export class SiLU extends InplaceActivation {
  override forward(input: Tensor): Tensor {
    return this.inplace ? F.silu_(input) : F.silu(input);
  }
}

/** x · tanh(softplus(x)). @see torch.nn.Mish; Misra, 2019 */
export class Mish extends InplaceActivation {
  override forward(input: Tensor): Tensor {
    return this.inplace ? F.mish_(input) : F.mish(input);
  }
}

/** x · relu6(x + 3) / 6. @see torch.nn.Hardswish; Howard et al., 2019 */
export class Hardswish extends InplaceActivation {
  override forward(input: Tensor): Tensor {
    return this.inplace ? F.hardswish_(input) : F.hardswish(input);
  }

  override extraRepr(): string {
    return "";
  }
}

/** relu6(x + 3) / 6. @see torch.nn.Hardsigmoid */
export class Hardsigmoid extends InplaceActivation {
  override forward(input: Tensor): Tensor {
    return this.inplace ? F.hardsigmoid_(input) : F.hardsigmoid(input);
  }

  override extraRepr(): string {
    return "";
  }
}

/** An activation that has nothing to choose. */
abstract class PlainActivation extends Module {
  constructor(...given: []) {
    super();
    readArguments(nameOf(new.target), "", {}, given);
  }
}

/** 1 / (1 + exp(−x)). @see torch.nn.Sigmoid */
export class Sigmoid extends PlainActivation {
  override forward(input: Tensor): Tensor {
    return F.sigmoid(input);
  }
}

/** The hyperbolic tangent. @see torch.nn.Tanh */
export class Tanh extends PlainActivation {
  override forward(input: Tensor): Tensor {
    return F.tanh(input);
  }
}

/** log(sigmoid(x)). @see torch.nn.LogSigmoid */
export class LogSigmoid extends PlainActivation {
  override forward(input: Tensor): Tensor {
    return F.logSigmoid(input);
  }
}

/** x / (1 + |x|). @see torch.nn.Softsign */
export class Softsign extends PlainActivation {
  override forward(input: Tensor): Tensor {
    return F.softsign(input);
  }
}

/** x − tanh(x). @see torch.nn.Tanhshrink */
export class Tanhshrink extends PlainActivation {
  override forward(input: Tensor): Tensor {
    return F.tanhshrink(input);
  }
}

takes("input", ReLU, ReLU6, SELU, SiLU, Mish, Hardswish, Hardsigmoid, Sigmoid, Tanh, LogSigmoid, Softsign, Tanhshrink);
