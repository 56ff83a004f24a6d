/** `DistributedDataParallel`: the face; what it does is loaded with the process group. */
import { checkFlag, checkFunction, checkNumber } from "../../core/arguments";
import { ArgumentError, checkOptions, describe, ValueError } from "../../core/errors";
import { declareMethods } from "../../core/signature";
import { Module } from "../module/module";
import { readArguments } from "../module/options";
import { needLate, type Replica } from "./late";
import type { DistributedDataParallelOptions, JoinOptions } from "./options";

const signature =
  "module; deviceIds, outputDevice, dim, broadcastBuffers, processGroup, bucketCapMb, findUnusedParameters, checkReduction, gradientAsBucketView, staticGraph";

const defaults = {
  deviceIds: null,
  outputDevice: null,
  dim: 0,
  broadcastBuffers: true,
  processGroup: null,
  bucketCapMb: 5,
  findUnusedParameters: false,
  checkReduction: false,
  gradientAsBucketView: false,
  staticGraph: false,
};

const joinDefaults: Required<JoinOptions> = {
  divideByInitialWorldSize: true,
  enable: true,
  throwOnEarlyTermination: false,
};

const isThenable = (x: unknown): x is PromiseLike<unknown> =>
  typeof x === "object" && x !== null && typeof (x as PromiseLike<unknown>).then === "function";

/**
 * Trains a module on several processes, each with inputs of its own, as one process would with all inputs together: parameters and buffers begin as those of
 * rank 0, and `backward()` leaves the mean of the gradients of all ranks in `grad`, the same bits everywhere. Gradients are reduced in buckets while backward still runs.
 *
 * Every rank has to build the same module, and to make the same calls in the same order. State dicts have PyTorch's keys, which begin with `module.`.
 *
 * @throws StateError without a process group; ValueError, ShapeError or DTypeError, on every rank, if the modules differ.
 * @see torch.nn.parallel.DistributedDataParallel
 * @example
 * await torch.distributed.initProcessGroup();
 * const model = new nn.parallel.DistributedDataParallel(new Net(), { gradientAsBucketView: true });
 * const optimizer = new optim.SGD(model.parameters(), { lr: 0.01 });
 * lossFn(model(images), labels).backward();
 * optimizer.step();
 */
export class DistributedDataParallel<M extends Module = Module> extends Module {
  /** The module that is trained. */
  module: M;
  readonly #replica: Replica;
  /** @internal */
  static readonly signature: string = signature;

  constructor(module: M, options?: DistributedDataParallelOptions);
  constructor(options: { module: M } & DistributedDataParallelOptions);
  constructor(...given: unknown[]) {
    super();
    const op = "DistributedDataParallel";
    const { module, ...options } = readArguments<{ module: M } & DistributedDataParallelOptions>(
      op,
      signature,
      defaults,
      given,
    );
    if (!(module instanceof Module))
      throw new ArgumentError(`${op}: module must be an nn.Module, got ${describe(module)}`);
    if (!(checkNumber(op, "bucketCapMb", options.bucketCapMb) > 0))
      throw new ValueError(`${op}: bucketCapMb must be above 0, got ${options.bucketCapMb}`);
    this.#replica = needLate(op).replicate(module, options);
    this.module = module;
  }

  /** The ranks that train together. */
  get processGroup(): unknown {
    return this.#replica.processGroup;
  }

  override forward(...args: Parameters<M["forward"]>): ReturnType<M["forward"]> {
    return this.#replica.run(args) as ReturnType<M["forward"]>;
  }

  /**
   * Runs `body`, in which backward adds to the gradients of this rank alone; the first backward after it, through a `forward` after it, reduces all
   * that was added. The body may be async.
   * @see torch.nn.parallel.DistributedDataParallel.no_sync
   * @example
   * model.noSync(() => { for (const x of parts) lossFn(model(x)).backward(); });
   * lossFn(model(last)).backward();
   */
  noSync<R>(body: () => R): R;
  noSync(body: any): any {
    checkFunction("noSync", "body", body);
    const replica = this.#replica;
    const before = replica.isSynchronized;
    const restore = (): void => {
      replica.isSynchronized = before;
    };
    replica.isSynchronized = false;
    let result: unknown;
    try {
      result = body();
    } catch (error) {
      restore();
      throw error;
    }
    if (isThenable(result)) return Promise.resolve(result).finally(restore);
    restore();
    return result;
  }

  /**
   * Gives each bucket to `hook` in the place of the reduction to the mean; may be called once, before training.
   * @param state Handed to each call.
   * @param hook Gets the state and the bucket, starts its communication, and gives a tensor of the bucket's shape or an object whose `wait()` gives it.
   * @throws StateError at the second call, ArgumentError unless the hook is a function.
   * @see torch.nn.parallel.DistributedDataParallel.register_comm_hook
   * @example model.registerCommHook(null, dist.algorithms.ddpCommHooks.fp16CompressHook);
   */
  registerCommHook(state: unknown, hook: (state: any, bucket: any) => unknown): void;
  registerCommHook(state: any, hook?: any): void {
    checkFunction("registerCommHook", "hook", hook);
    this.#replica.registerCommHook(state, hook);
  }

  /**
   * Runs `body`, a loop over inputs of which ranks may have different numbers: one that has none left answers the collectives of the others until
   * all are done, and ends with their parameters.
   * @see torch.nn.parallel.DistributedDataParallel.join
   * @example model.join(() => { for (const x of batches) { optimizer.zeroGrad(); model(x).sum().backward(); optimizer.step(); } });
   */
  join<R>(body: () => R, options?: JoinOptions): R;
  join(body: any, options: any = {}): any {
    checkFunction("join", "body", body);
    checkOptions("join", options, Object.keys(joinDefaults));
    for (const [name, value] of Object.entries(options)) checkFlag("join", name, value);
    return this.#replica.join(body, { ...joinDefaults, ...options });
  }
}

declareMethods(DistributedDataParallel, {
  noSync: "body()",
  registerCommHook: "state{}, hook()",
  join: "body();; divideByInitialWorldSize, enable, throwOnEarlyTermination",
});
