/** Tensors that the graph keeps for backward, and the hooks through which users keep them in another form. */
import { ArgumentError, AutogradError, describe } from "../core/errors";
import { shapeText } from "../core/shape";
import { Mode } from "../platform/mode";
import { runInUserScope } from "../tensor/scope";
import { type GradFn, Tensor } from "../tensor/tensor";
import { noGrad } from "./mode";

/** What the graph keeps in place of a tensor. */
export interface SavedTensorsHooks {
  /** Gets each tensor as it is saved, outside of the graph; gives what is to be kept. It must not change the tensor. */
  readonly pack: (x: Tensor) => unknown;
  /** Gives the tensor again when backward needs it. */
  readonly unpack: (packed: any) => Tensor;
  /** Told when the graph no longer needs what `pack` gave. Hooks that have it leave what `unpack` gives to the graph, which disposes it. */
  readonly release?: (packed: any) => void;
}

/** A tensor kept for backward. */
export interface Saved {
  /** @param op The node that saved it, for error messages. @throws AutogradError if the tensor was changed in place since. */
  unpack(op: string): Tensor;
  release(): void;
  /** Lets the collector find the memory, once no scope holds on to it. */
  watch(): void;
  /** What hooks gave to be kept. */
  readonly packed?: unknown;
}

/** @internal The hooks on tensors that are saved now. */
export const savingHooks = new Mode<SavedTensorsHooks | null>(null);

/** @internal Keeps `x` for backward. @param accumulator The node that adds to its `grad`, for a leaf that requires grad. */
export function saveTensor(x: Tensor, accumulator: GradFn | null): Saved {
  const hooks = savingHooks.value;
  return hooks === null ? new SavedTensor(x, accumulator) : new PackedTensor(x, accumulator, hooks);
}

/** The same memory and place in the graph, which keeps it, not a scope: its owner may be disposed, and the leaf's flags may change. */
class SavedTensor implements Saved {
  private readonly tensor: Tensor;
  private readonly version: number;

  constructor(x: Tensor, accumulator: GradFn | null) {
    this.tensor = placed(x, x.gradFn, x.outputNr, accumulator, false);
    this.version = x.storage.version;
  }

  unpack(op: string): Tensor {
    const { tensor } = this;
    if (tensor.storage.version !== this.version) throw changedInPlace(tensor, this.version, op);
    return tensor;
  }

  release(): void {
    this.tensor.dispose();
  }

  watch(): void {
    this.tensor.storage.watch();
  }
}

/** What a user's hooks made of a tensor, and its place in the graph. Versions are not followed through hooks. */
class PackedTensor implements Saved {
  readonly packed: unknown;
  private readonly node: GradFn | null;
  private readonly outputNr: number;

  constructor(
    x: Tensor,
    private readonly accumulator: GradFn | null,
    private readonly hooks: SavedTensorsHooks,
  ) {
    this.node = x.gradFn;
    this.outputNr = x.outputNr;
    const { version } = x.storage;
    const bare = new Tensor(x.storage, x.dtype, x.shape, x.strides, x.offset);
    this.packed = noGrad(() => hooks.pack(bare));
    if (x.storage.version !== version)
      throw new AutogradError(
        "A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack hook can not be modified by in-place operations as this can lead to unexpected side-effects.",
      );
  }

  unpack(): Tensor {
    const x: unknown = runInUserScope(() => this.hooks.unpack(this.packed));
    if (!(x instanceof Tensor))
      throw new ArgumentError(
        `Output of saved tensor unpack_hook expected to be a Tensor but got result of type ${describe(x)}`,
      );
    const handle = placed(x, this.node, this.outputNr, this.accumulator);
    if (this.hooks.release !== undefined) x.dispose();
    return handle;
  }

  release(): void {
    this.hooks.release?.(this.packed);
  }

  /** Scopes see to what hooks gave. */
  watch(): void {}
}

/** Another handle on the values of `x`, at the given place in the graph. */
function placed(x: Tensor, node: GradFn | null, outputNr: number, accumulator: GradFn | null, isScoped = true): Tensor {
  const handle = new Tensor(x.storage, x.dtype, x.shape, x.strides, x.offset, isScoped);
  handle.node = node;
  handle.outputNr = outputNr;
  if (accumulator !== null) {
    handle.leafRequiresGrad = true;
    handle.accumulator = accumulator;
  }
  return handle;
}

function changedInPlace(x: Tensor, version: number, op: string): AutogradError {
  const origin = x.node ? `, which is output ${x.outputNr} of ${x.node.name},` : "";
  return new AutogradError(
    `one of the variables needed for gradient computation has been modified by an inplace operation: [${x.type()} ${shapeText(x.shape)}]` +
      `${origin} is at version ${x.storage.version}; expected version ${version} instead. ` +
      `${op} saved it; change a copy (x.clone()) instead, or use the out-of-place operation.`,
  );
}

/** @throws AutogradError if `x` was made in inference mode. */
export function checkSavable(x: Tensor): void {
  if (x.isInference())
    throw new AutogradError(
      "Inference tensors cannot be saved for backward. To work around you can make a clone to get a normal tensor and use it in autograd.",
    );
}

/** What a node says that has already let go of what it saved. */
export const graphFreed = (): AutogradError =>
  new AutogradError(
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already been freed). Saved intermediate values of the graph are freed when you call backward() or autograd.grad(). Specify retainGraph: true if you need to backward through the graph a second time or if you need to access saved tensors after calling backward.",
  );
