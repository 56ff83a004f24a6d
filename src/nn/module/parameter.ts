/** Parameters: tensors that a module learns. */
import { nameOf } from "../../core/className";
import { ArgumentError, AutogradError, describe } from "../../core/errors";
import { checkSize } from "../../core/shape";
import type { Arguments } from "../../core/signatureTypes";
import { allocate, empty, filled } from "../../tensor/create";
import { replaceData } from "../../tensor/data";
import { Tensor } from "../../tensor/tensor";
import { type FactoryOptions, readArguments } from "./options";

/** Options of {@link Parameter}. */
export interface ParameterOptions {
  /** Default: true. */
  requiresGrad?: boolean;
}

/** What {@link Parameter} takes. */
export interface ParameterParameters extends ParameterOptions {
  /** Default: an empty tensor. */
  data?: Tensor | null;
}

const signature = "; data, requiresGrad";
const uninitializedSignature = "; requiresGrad, device, dtype";
const bufferSignature = "; requiresGrad, device, dtype";

/**
 * A tensor that a module finds among its fields and gives in `parameters()`. It shares the memory of `data`, and is a leaf.
 *
 * @see torch.nn.Parameter
 * @example this.scale = new nn.Parameter(torch.ones(3));
 */
export class Parameter extends Tensor {
  constructor(data?: Tensor | null, requiresGrad?: boolean);
  constructor(...given: Arguments<typeof signature, ParameterParameters>);
  constructor(...given: unknown[]) {
    const initial = { data: null, requiresGrad: true };
    const { data, requiresGrad } = readArguments<ParameterParameters>("Parameter", signature, initial, given);
    if (data !== null && !(data instanceof Tensor))
      throw new ArgumentError(`Parameter: takes a Tensor, got ${describe(data)}`);
    const from = data ?? filled(allocate([0], "float32"), 0);
    super(from.storage, from.dtype, from.shape, from.strides, from.offset);
    this.isKept = true;
    if (requiresGrad && !from.isFloatingPoint())
      throw new AutogradError(
        "Parameter: Only Tensors of floating point dtype can require gradients; pass { requiresGrad: false }",
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

/**
 * A parameter whose shape is not known yet; it has no elements until {@link materialize}, or until a state dict is loaded into it.
 * @see torch.nn.parameter.UninitializedParameter
 */
export class UninitializedParameter extends Parameter {
  /** Whether the shape is still unknown. */
  isUninitialized = true;

  constructor(...given: Arguments<typeof uninitializedSignature, ParameterOptions & FactoryOptions>);
  constructor(...given: unknown[]) {
    const layer = nameOf(new.target);
    const options = readArguments<ParameterOptions & FactoryOptions>(
      layer,
      uninitializedSignature,
      { requiresGrad: true },
      given,
    );
    const { requiresGrad, dtype, device } = options;
    super(empty([0], { ...(dtype && { dtype }), ...(device && { device }) }), requiresGrad);
  }

  /** Gives the parameter a shape, and memory of unspecified values. @see torch.nn.parameter.UninitializedParameter.materialize */
  materialize(shape: readonly number[]): void {
    if (!Array.isArray(shape))
      throw new ArgumentError(`materialize: shape must be an array of sizes, got ${describe(shape)}`);
    replaceData(this, empty(checkSize("materialize", shape), { dtype: this.dtype, device: this.device }));
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

  constructor(...given: Arguments<typeof bufferSignature, FactoryOptions>);
  constructor(...given: unknown[]) {
    const { dtype, device } = readArguments<FactoryOptions>("UninitializedBuffer", bufferSignature, {}, given);
    const data = empty([0], { ...(dtype && { dtype }), ...(device && { device }) });
    super(data.storage, data.dtype, data.shape, data.strides);
  }

  /** Gives the buffer a shape, and memory of unspecified values. @see torch.nn.parameter.UninitializedBuffer.materialize */
  materialize(shape: readonly number[]): void {
    if (!Array.isArray(shape))
      throw new ArgumentError(`materialize: shape must be an array of sizes, got ${describe(shape)}`);
    replaceData(this, empty(checkSize("materialize", shape), { dtype: this.dtype, device: this.device }));
    this.isUninitialized = false;
  }
}
