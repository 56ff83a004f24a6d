/** Parameters: tensors that a module learns. */
import type { Device } from "../backend/backend";
import type { DType } from "../core/dtype";
import { ArgumentError, AutogradError, checkOptions, describe } from "../core/errors";
import { allocate, empty, filled } from "../tensor/create";
import { Tensor } from "../tensor/tensor";

/** Options of {@link Parameter}. */
export interface ParameterOptions {
  /** Default: true. */
  requiresGrad?: boolean;
}

/**
 * A tensor that a module finds among its fields and gives in `parameters()`. It shares the memory of `data`, and is a leaf.
 *
 * @see torch.nn.Parameter
 * @example this.scale = new nn.Parameter(torch.ones(3));
 */
export class Parameter extends Tensor {
  /** @param data Default: an empty tensor. */
  constructor(data?: Tensor, options: ParameterOptions = {}) {
    if (data !== undefined && !(data instanceof Tensor))
      throw new ArgumentError(`Parameter: takes a Tensor, got ${describe(data)}`);
    checkOptions("Parameter", options, ["requiresGrad"]);
    const from = data ?? filled(allocate([0], "float32"), 0);
    super(from.storage, from.dtype, from.shape, from.strides, from.offset);
    this.isKept = true;
    const requiresGrad = options.requiresGrad ?? true;
    if (requiresGrad && !from.isFloatingPoint())
      throw new AutogradError(
        "Only Tensors of floating point dtype can require gradients; pass { requiresGrad: false }",
      );
    this.leafRequiresGrad = requiresGrad;
  }

  override toString(): string {
    return `Parameter containing:\n${super.toString()}`;
  }
}

/** The hooks by which Node and Bun, and Deno, print objects. */
for (const symbol of ["nodejs.util.inspect.custom", "Deno.customInspect"])
  Object.defineProperty(Parameter.prototype, Symbol.for(symbol), {
    value(this: Parameter) {
      return this instanceof Parameter ? this.toString() : "Parameter";
    },
  });

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Points a leaf at the memory of `data`, keeping its identity: optimizers and tied weights go on seeing it.
 * @see torch.Tensor.data, as assigned by torch.nn.Module.to
 */
export function replaceData(leaf: Tensor, data: Tensor): void {
  if (data.storage === leaf.storage && data.dtype === leaf.dtype) return;
  const { storage, dtype, shape, strides, offset } = data;
  storage.retain();
  leaf.storage.release();
  Object.assign(leaf as Mutable<Tensor>, { storage, dtype, shape, strides, offset });
  // The node that adds to `grad` remembers the old dtype and device.
  leaf.accumulator = null;
}

/**
 * A parameter whose shape is not known yet; it has no elements until {@link materialize}, or until a state dict is loaded into it.
 * @see torch.nn.parameter.UninitializedParameter
 */
export class UninitializedParameter extends Parameter {
  /** Whether the shape is still unknown. */
  isUninitialized = true;

  constructor(options: { dtype?: DType | undefined; device?: Device | "wasm" | undefined } = {}) {
    const { dtype, device } = options;
    super(empty([0], { ...(dtype && { dtype }), ...(device && { device }) }));
  }

  /** Gives the parameter a shape, and memory of unspecified values. @see torch.nn.parameter.UninitializedParameter.materialize */
  materialize(shape: readonly number[]): void {
    replaceData(this, empty([...shape], { dtype: this.dtype, device: this.device }));
    this.isUninitialized = false;
  }
}

/**
 * A buffer whose shape is not known yet; it has no elements until {@link materialize}, or until a state dict is loaded into it.
 * @see torch.nn.parameter.UninitializedBuffer
 */
export class UninitializedBuffer extends Tensor {
  /** Whether the shape is still unknown. */
  isUninitialized = true;

  constructor(options: { dtype?: DType | undefined; device?: Device | "wasm" | undefined } = {}) {
    checkOptions("UninitializedBuffer", options, ["dtype", "device"]);
    const { storage, dtype, shape, strides } = empty([0], {
      ...(options.dtype && { dtype: options.dtype }),
      ...(options.device && { device: options.device }),
    });
    super(storage, dtype, shape, strides);
  }

  /** Gives the buffer a shape, and memory of unspecified values. @see torch.nn.parameter.UninitializedBuffer.materialize */
  materialize(shape: readonly number[]): void {
    replaceData(this, empty([...shape], { dtype: this.dtype, device: this.device }));
    this.isUninitialized = false;
  }
}
