/** Sums, products and joins in models that are to be quantized: modules, since their results are observed. */
import { checkArray, checkNumber } from "../../core/arguments";
import { ArgumentError, KindlingError } from "../../core/errors";
import { sameShape } from "../../core/shape";
import { within } from "../../core/signature";
import { Identity } from "../../nn/layers/linear";
import { Module } from "../../nn/module/module";
import { float } from "../../nn/module/repr";
import { stateKeyOf } from "../../nn/module/state";
import { checkTensor } from "../../ops/builders/checks";
import { relu } from "../../ops/elementwise/unary";
import { cat } from "../../ops/shape/join";
import { allocate } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { quantizeBy } from "../functional";
import { checkQuantized, perTensor, QuantizedTensor } from "../quantizedTensor";
import { simulates } from "../simulate";
import { ScaledModule } from "./scaled";
import { observedOf } from "./weighted";

/**
 * Sums and the like of activations in a model that is to be quantized. Use one of its own for each place in `forward`.
 * @see torch.ao.nn.quantized.FloatFunctional
 * @example
 * this.skip = new torch.ao.nn.quantized.FloatFunctional();
 * // in forward:
 * return this.skip.addRelu(this.conv(x), x);
 */
export class FloatFunctional extends Module {
  /** Watches the results. */
  activationPostProcess: Module = new Identity();

  override stateKey(field: string): string {
    return stateKeyOf(field);
  }

  /** @throws KindlingError always: call one of the methods. */
  override forward(_x: Tensor): Tensor {
    throw new KindlingError(
      "FloatFunctional: it is not intended to use the 'forward'. Please use the corresponding operation",
    );
  }

  private watched(x: Tensor): Tensor {
    return this.activationPostProcess(x) as Tensor;
  }

  /** a + b. */
  add(a: Tensor, b: Tensor): Tensor {
    return this.watched(checkTensor("add", a, "a").add(checkTensor("add", b, "b")));
  }

  /** a + b, for a number b. */
  addScalar(a: Tensor, b: number): Tensor {
    return checkTensor("addScalar", a, "a").add(checkNumber("addScalar", "b", b));
  }

  /** a · b. */
  mul(a: Tensor, b: Tensor): Tensor {
    return this.watched(checkTensor("mul", a, "a").mul(checkTensor("mul", b, "b")));
  }

  /** a · b, for a number b. */
  mulScalar(a: Tensor, b: number): Tensor {
    return checkTensor("mulScalar", a, "a").mul(checkNumber("mulScalar", "b", b));
  }

  /** Tensors joined along an axis. */
  cat(xs: readonly Tensor[], dim = 0): Tensor {
    return this.watched(cat(xs, dim));
  }

  /** max(a + b, 0). */
  addRelu(a: Tensor, b: Tensor): Tensor {
    const [x, y] = [checkTensor("addRelu", a, "a"), checkTensor("addRelu", b, "b")];
    return this.watched(within("addRelu", () => relu(x.add(y))));
  }
}

/** {@link FloatFunctional} of quantized tensors. @see torch.ao.nn.quantized.QFunctional */
export class QFunctional extends ScaledModule {
  /** @throws KindlingError always: call one of the methods. */
  override forward(_x: Tensor): Tensor {
    throw new KindlingError(
      "QFunctional: it is not intended to use the 'forward'. Please use the corresponding operation",
    );
  }

  private quantized(x: Tensor): Tensor {
    const { scale, zeroPoint } = this;
    return quantizeBy(x, "quint8", { scheme: "perTensorAffine", scale, zeroPoint }) as unknown as Tensor;
  }

  private sum(op: string, first: Tensor, second: Tensor, isRectified: boolean): Tensor {
    const a = checkQuantized(op, first, "a");
    const b = checkQuantized(op, second, "b");
    if (simulates() || !sameShape(a.shape, b.shape) || a.dtype !== "quint8" || b.dtype !== "quint8") {
      const y = a.dequantize().add(b.dequantize());
      return this.quantized(isRectified ? relu(y) : y);
    }
    const [qa, qb] = [perTensor(op, a), perTensor(op, b)];
    // Convolutions leave their channels last: sums keep them there.
    const order = memoryOrder(a.values);
    const [x, z] = [a, b].map(({ values }) => values.permute(order).contiguous()) as [Tensor, Tensor];
    const y = allocate(x.shape, "uint8", x);
    const { scale, zeroPoint: zero } = this;
    const sums = { scaleA: qa.scale, zeroA: qa.zeroPoint, scaleB: qb.scale, zeroB: qb.zeroPoint, scale, zero };
    if (y.numel() > 0) y.storage.backend.run("quantizedAdd", { y, a: x, b: z, ...sums, relu: isRectified });
    const back = order.map((_, axis) => order.indexOf(axis));
    const quantizer = { scheme: "perTensorAffine", scale, zeroPoint: zero } as const;
    return new QuantizedTensor(y.permute(back), "quint8", quantizer) as unknown as Tensor;
  }

  /** a + b. */
  add(a: Tensor, b: Tensor): Tensor {
    return this.sum("add", a, b, false);
  }

  /** max(a + b, 0). */
  addRelu(a: Tensor, b: Tensor): Tensor {
    return this.sum("addRelu", a, b, true);
  }

  /** a · b. */
  mul(a: Tensor, b: Tensor): Tensor {
    return this.quantized(numbers("mul", a).mul(numbers("mul", b)));
  }

  /** a + b, for a number b: by its zero point, if that is exact. */
  addScalar(a: Tensor, b: number): Tensor {
    return this.quantized(numbers("addScalar", a).add(checkNumber("addScalar", "b", b)));
  }

  /** a · b, for a number b: with another scale. */
  mulScalar(a: Tensor, b: number): Tensor {
    const x = checkQuantized("mulScalar", a);
    const { scale, zeroPoint } = perTensor("mulScalar", x);
    if (!(checkNumber("mulScalar", "b", b) > 0))
      throw new ArgumentError(`mulScalar: takes a positive number, got ${b}`);
    const quantizer = { scheme: "perTensorAffine", scale: scale * b, zeroPoint } as const;
    const values = simulates() ? x.values.mul(b) : x.values;
    return new QuantizedTensor(values, x.dtype, quantizer) as unknown as Tensor;
  }

  /** Tensors joined along an axis. */
  cat(xs: readonly Tensor[], dim = 0): Tensor {
    const quantizer = { scheme: "perTensorAffine", scale: this.scale, zeroPoint: this.zeroPoint } as const;
    checkArray("cat", "xs", xs, "quantized tensors");
    if (simulates())
      return this.quantized(
        cat(
          xs.map((x) => numbers("cat", x)),
          dim,
        ),
      );
    const parts = xs.map((one) => {
      const x = checkQuantized("cat", one);
      const own = perTensor("cat", x);
      if (own.scale === this.scale && own.zeroPoint === this.zeroPoint && x.dtype === "quint8") return x.values;
      return quantizeBy(x.dequantize(), "quint8", quantizer).values;
    });
    return new QuantizedTensor(cat(parts, dim), "quint8", quantizer) as unknown as Tensor;
  }

  override extraRepr(): string {
    return `scale=${float(this.scale)}, zero_point=${this.zeroPoint}`;
  }

  /** From a functional that has been observed. */
  static fromFloat(mod: Module): QFunctional {
    return Object.assign(new QFunctional(), observedOf(mod));
  }
}

const numbers = (op: string, x: Tensor): Tensor => checkQuantized(op, x).dequantize();

/** The axes from the outermost in memory to the innermost. */
const memoryOrder = (x: Tensor): number[] =>
  x.strides.map((_, axis) => axis).sort((a, b) => x.strides[b]! - x.strides[a]! || a - b);
