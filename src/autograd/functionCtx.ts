/** What the two passes of a custom function tell each other. */
import { explainAbsent } from "../core/absent";
import { checkArray } from "../core/arguments";
import { ArgumentError, describe } from "../core/errors";
import { Tensor } from "../tensor/tensor";
import { keep, packedBy } from "./node";
import { graphFreed, type Saved } from "./savedTensor";

/** Tensors as `saveForBackward` takes them, for a context that declares what it saves. */
type Savable = readonly (Tensor | null)[];

/**
 * The context that `forward` and `backward` of a custom {@link Function} share. Other values may be set on it as fields.
 *
 * @typeParam S What `forward` saves, in order: with it `const [x, y] = ctx.savedTensors` has exact types.
 * @see torch.autograd.function.FunctionCtx
 * @example static forward(ctx: autograd.FunctionCtx<[Tensor]> & { scale: number }, x: Tensor, scale: number) { … }
 */
export class FunctionCtx<S extends Savable = Tensor[]> {
  /** For each argument of `forward`, whether it is a tensor whose gradient is wanted. @see torch.autograd.function.FunctionCtx.needs_input_grad */
  readonly needsInputGrad: readonly boolean[];
  /** @internal The tensors that `forward` changed in place. */
  readonly dirty = new Set<Tensor>();
  /** @internal */
  readonly nonDifferentiable = new Set<Tensor>();
  /** @internal */
  materializesGrads = true;
  /** @internal Whether backward has run, without keeping the graph. */
  isReleased = false;
  /** @internal Names the function in error messages. */
  readonly op: string;
  private toSave: readonly (Tensor | null)[] = [];
  private saved: readonly (Saved | null)[] | undefined;

  /** @internal */
  constructor(op: string, args: readonly unknown[]) {
    this.op = op;
    this.needsInputGrad = checkArray("FunctionCtx", "args", args, "arguments").map(
      (x) => x instanceof Tensor && x.requiresGrad,
    );
  }

  /**
   * Keeps tensors for `backward`, at most once per call. Inputs and outputs of the function must be kept in this way, not as fields: then
   * changes in place are noticed, and second derivatives are right.
   * @see torch.autograd.function.FunctionCtx.save_for_backward
   */
  saveForBackward(...tensors: { [K in keyof S]: S[K] | Extract<S[K], null> }): void {
    for (const x of tensors)
      if (x !== null && !(x instanceof Tensor))
        throw new ArgumentError(`saveForBackward can only save tensors, but argument is ${describe(x)}`);
    this.toSave = tensors;
  }

  /**
   * What `forward` saved.
   * @throws AutogradError if one was changed in place since, or if backward has run already without `retainGraph`.
   * @see torch.autograd.function.FunctionCtx.saved_tensors
   */
  get savedTensors(): S {
    if (this.saved === undefined) throw graphFreed();
    return this.saved.map((saved) => saved?.unpack(this.op) ?? null) as readonly (Tensor | null)[] as S;
  }

  /**
   * Says which inputs `forward` changed in place; each must be among its outputs.
   * @see torch.autograd.function.FunctionCtx.mark_dirty
   */
  markDirty(...inputs: readonly Tensor[]): void {
    for (const x of inputs) this.dirty.add(x);
  }

  /** Says which outputs have no gradient. @see torch.autograd.function.FunctionCtx.mark_non_differentiable */
  markNonDifferentiable(...outputs: readonly Tensor[]): void {
    for (const x of outputs) this.nonDifferentiable.add(x);
  }

  /**
   * Whether `backward` gets zeros for an output that no gradient reached (the default), or null.
   * @see torch.autograd.function.FunctionCtx.set_materialize_grads
   */
  setMaterializeGrads(value: boolean): void {
    this.materializesGrads = value;
  }

  /** @internal Keeps what `forward` asked for, once its outputs have their place in the graph. */
  keepSaved(): void {
    this.saved = this.toSave.map((x) => x && keep(x));
    this.toSave = [];
  }

  /** @internal Values in which tensors may occur that `backward` uses: the fields that users set, and what hooks packed. */
  get kept(): readonly unknown[] {
    const fields = Object.entries(this).filter(([name]) => !ownFields.has(name));
    return [...fields.map(([, value]) => value), ...packedBy(this.saved)];
  }

  /** @internal */
  watch(): void {
    for (const saved of this.saved ?? []) saved?.watch();
  }

  /** @internal */
  release(): void {
    this.isReleased = true;
    for (const saved of this.saved ?? []) saved?.release();
    if (this.saved?.length !== 0) this.saved = undefined;
  }
}

/** The fields that are not users'. */
const ownFields = new Set(Object.keys(new FunctionCtx("", [])));

explainAbsent(FunctionCtx.prototype, "FunctionCtx", { fields: ["needsInputGrad"], isOpen: true });
