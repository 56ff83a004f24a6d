/** What `DistributedDataParallel` does around the calls of its module. */
import { isGradEnabled } from "../../autograd/mode";
import { ArgumentError, DeviceError, describe, StateError, ValueError } from "../../core/errors";
import type { Module } from "../../nn/module/module";
import { UninitializedBuffer, UninitializedParameter } from "../../nn/module/parameter";
import type { Replica } from "../../nn/parallel/late";
import type { DistributedDataParallelOptions, JoinOptions } from "../../nn/parallel/options";
import type { Tensor } from "../../tensor/tensor";
import type { ProcessGroup } from "../group";
import { broadcastAll, compare } from "./agree";
import { groupOf } from "./groups";
import { Joining } from "./join";
import { type CommHook, Reducer } from "./reducer";

const OP = "DistributedDataParallel";

type Named = [name: string, value: Tensor];

/** @throws ValueError for devices, which a process on the cpu has none of. */
function checkDevices({ deviceIds, outputDevice }: DistributedDataParallelOptions, params: readonly Tensor[]): void {
  const hasIds = Array.isArray(deviceIds) ? deviceIds.length > 0 : deviceIds != null;
  if (!hasIds && outputDevice == null) return;
  const devices = [...new Set(params.map((param) => param.device))].join(", ");
  throw new ValueError(
    `${OP}: deviceIds and outputDevice arguments only work with GPU modules of one device per process, but got deviceIds ${describe(deviceIds)}, outputDevice ${describe(outputDevice)}, and module parameters on ${devices}; leave them out`,
  );
}

/** The parameters that are trained. @throws if there are none, or if some cannot be reduced. */
function trainedParameters(module: Module): Named[] {
  const all = module.namedParameters();
  for (const [name, x] of [...all, ...module.namedBuffers()] as Named[]) {
    const isLazy = x instanceof UninitializedParameter || x instanceof UninitializedBuffer;
    if (isLazy && x.isUninitialized)
      throw new StateError(
        `${OP}: Modules with uninitialized parameters can't be used with \`DistributedDataParallel\`. Run a dummy forward pass to correctly initialize the modules`,
      );
    if (x.device !== "cpu")
      throw new DeviceError(`${OP}: parameters and buffers have to be on the cpu, ${name} is on "${x.device}"`);
  }
  const trained = all.filter(([, param]) => param.requiresGrad);
  if (trained.length === 0)
    throw new ValueError(
      `${OP}: DistributedDataParallel is not needed when a module doesn't have any parameters that require a gradient.`,
    );
  return trained;
}

export class ModuleReplica implements Replica {
  readonly processGroup: ProcessGroup;
  isSynchronized = true;
  private readonly reducer: Reducer;
  /** Whether the next forward begins with the buffers of one rank: not while gradients add up on each. */
  private sharesBuffers = true;
  private joining: Joining | undefined;

  constructor(
    private readonly module: Module,
    private readonly options: DistributedDataParallelOptions,
  ) {
    this.processGroup = groupOf(OP, options.processGroup);
    const trained = trainedParameters(module);
    checkDevices(options, module.parameters());
    const state: Named[] = [...module.namedParameters(), ...module.namedBuffers()];
    compare(OP, "param", trained, this.processGroup);
    compare(OP, "tensor", state, this.processGroup);
    this.shareState(0);
    this.reducer = new Reducer(
      trained.map(([, param]) => param),
      trained.map(([name]) => name),
      this.processGroup,
      {
        bucketBytes: options.bucketCapMb! * 2 ** 20,
        findUnusedParameters: options.findUnusedParameters!,
        gradientAsBucketView: options.gradientAsBucketView!,
        staticGraph: options.staticGraph!,
      },
    );
  }

  /** Gives parameters and buffers the values of one rank. */
  private shareState(root: number): void {
    broadcastAll(OP, [...this.module.parameters(), ...this.module.buffers()], root, this.processGroup);
  }

  run(args: readonly unknown[]): unknown {
    const isReduced = isGradEnabled() && this.isSynchronized;
    if (this.joining !== undefined) this.reducer.divisor = this.joining.beginStep();
    if (isReduced) this.reducer.rebuild();
    this.shareBuffers();
    this.joining?.saysWhetherReduced(isReduced);
    const output = this.module(...args);
    if (isReduced) this.reducer.prepare(output);
    this.sharesBuffers = isReduced;
    return output;
  }

  private shareBuffers(): void {
    if (!this.sharesBuffers || !this.options.broadcastBuffers) return;
    const buffers = this.module.buffers();
    if (buffers.length > 0) broadcastAll(OP, buffers, this.joining?.root() ?? 0, this.processGroup);
  }

  registerCommHook(state: unknown, hook: unknown): void {
    if (this.joining !== undefined)
      throw new StateError("registerCommHook: communication hooks cannot be registered within join");
    this.reducer.setHook(state, hook as CommHook);
  }

  join<R>(body: () => R, options: Required<JoinOptions>): R {
    if (!options.enable) return body();
    if (this.joining !== undefined) throw new StateError("join: is running already");
    const joining = new Joining(this.processGroup, options);
    this.joining = joining;
    return joining.run(
      body,
      () => this.shadowStep(joining),
      (root) => this.shareState(root),
      () => {
        this.joining = undefined;
        this.reducer.divisor = this.processGroup.size;
      },
    );
  }

  /** Answers a step of the other ranks, in the order in which {@link run} communicates. */
  private shadowStep(joining: Joining): void {
    this.reducer.divisor = joining.divisor;
    this.reducer.rebuild();
    this.shareBuffers();
    const isReduced = joining.hearsWhetherReduced();
    this.sharesBuffers = isReduced;
    if (isReduced) this.reducer.shadow();
  }
}

/** @throws ArgumentError unless what `run` is given is a module. */
export function replicate(module: Module, options: DistributedDataParallelOptions): Replica {
  if (typeof module !== "function") throw new ArgumentError(`${OP}: module must be an nn.Module`);
  return new ModuleReplica(module, options);
}
