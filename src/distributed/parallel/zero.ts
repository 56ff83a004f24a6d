/** An optimizer whose state is divided among the ranks. */
import { checkFlag, checkInteger } from "../../core/arguments";
import { isPlainObject } from "../../core/binding";
import { ArgumentError, describe, StateError, ValueError } from "../../core/errors";
import { declareMethods } from "../../core/signature";
import { type Closure, Optimizer, type ParamGroup, type ParamGroupInput, type Params } from "../../optim/optimizer";
import type { OptimizerStateDict } from "../../optim/stateDict";
import { replaceData } from "../../tensor/data";
import type { Tensor } from "../../tensor/tensor";
import type { ProcessGroup } from "../group";
import { broadcastAll, compare } from "./agree";
import { groupOf } from "./groups";
import { copyValues, lasting, windowOf } from "./memory";
import { broadcastEntries, copied, type Entries } from "./stateExchange";

/** Options of {@link ZeroRedundancyOptimizer}; all others are those of the optimizer that it divides. */
export interface ZeroRedundancyOptions {
  /** The ranks that divide the state; null for all. Default: null. */
  processGroup?: ProcessGroup | null;
  /** Keep the parameters of each rank in one tensor, so that they travel without a copy; they get other memory then. Default: false. */
  parametersAsBucketView?: boolean;
  /** Not available: leave it out. */
  overlapWithDdp?: false;
}

/** The class of an optimizer. */
export type OptimizerClass<O extends object = any> = new (params: any, options?: any) => Optimizer<O>;

const OP = "ZeroRedundancyOptimizer";

/** What only the class itself and those that wrap it see of an optimizer. */
interface Inner {
  readonly scalarState: Record<string, "number" | "tensor">;
  checkState(op: string, param: Tensor, entry: object, group: object): void;
}

type Given = [Params<any>, OptimizerClass, ZeroRedundancyOptions & Record<string, unknown>];

/** Arguments by position or by name. */
function readArguments(given: readonly unknown[]): Given {
  const [first, optimizerClass, options = {}] = given;
  if (given.length === 1 && isPlainObject(first) && "optimizerClass" in first) {
    const { params, optimizerClass, ...rest } = first;
    return readArguments([params, optimizerClass, rest]);
  }
  if (isPlainObject(optimizerClass)) {
    const { optimizerClass: named, ...rest } = optimizerClass;
    return readArguments([first, named, rest]);
  }
  if (typeof optimizerClass !== "function" || !(optimizerClass.prototype instanceof Optimizer))
    throw new ArgumentError(`${OP}: optimizerClass must be the class of an optimizer, got ${describe(optimizerClass)}`);
  if (!isPlainObject(options)) throw new ArgumentError(`${OP}: options must be an object, got ${describe(options)}`);
  return [first as Params<any>, optimizerClass as OptimizerClass, options];
}

/** Lists that may be read more than once. */
function listed(params: Params<any>): Params<any> {
  if (typeof params !== "object" || params === null || !(Symbol.iterator in params)) return params;
  return [...(params as Iterable<any>)].map((item) => (isPlainObject(item) ? listedGroup(item) : item));
}

const listedGroup = (group: Record<string, unknown>): Record<string, unknown> => {
  const { params } = group;
  const isList = typeof params === "object" && params !== null && Symbol.iterator in params && !("storage" in params);
  return isList ? { ...group, params: [...(params as Iterable<unknown>)] } : group;
};

const optionsOf = ({ params: _, ...options }: ParamGroup<any>): Record<string, unknown> => options;

/**
 * Divides the state of an optimizer among the ranks: each updates its share of the parameters, and sends it to the others. The parameters are those of
 * every rank, in the same order.
 * @param optimizerClass The class of the optimizer that is divided.
 * @param options Those of {@link ZeroRedundancyOptions}, and those of the optimizer.
 * @throws DistBackendError without a process group; ValueError, ShapeError or DTypeError on every rank if the parameters differ.
 * @see torch.distributed.optim.ZeroRedundancyOptimizer
 * @see ZeRO: Memory Optimizations Toward Training Trillion Parameter Models (Rajbhandari et al., 2020)
 * @example
 * const optimizer = new dist.optim.ZeroRedundancyOptimizer(model.parameters(), optim.Adam, { lr: 1e-3 });
 * optimizer.consolidateStateDict(0);
 * if (dist.getRank() === 0) await torch.save({ optimizer: optimizer.stateDict() }, "state.pt");
 */
export class ZeroRedundancyOptimizer extends Optimizer<any, any> {
  readonly processGroup: ProcessGroup;
  /** The optimizer of the parameters of this rank. */
  readonly optim: Optimizer<any, any>;
  /** The rank that updates a parameter. */
  private readonly owners = new Map<Tensor, number>();
  /** How many elements each rank updates. */
  private readonly loads: number[];
  /** The parameters of each rank as one tensor for each dtype; undefined where they travel as they are. */
  private packs: (readonly Tensor[])[] | undefined;
  private readonly packsParameters: boolean;
  private consolidated: Entries | undefined;

  constructor(
    params: Params<any>,
    optimizerClass: OptimizerClass,
    options?: ZeroRedundancyOptions & Record<string, unknown>,
  );
  constructor(
    given: { params: Params<any>; optimizerClass: OptimizerClass } & ZeroRedundancyOptions & Record<string, unknown>,
  );
  constructor(...given: unknown[]) {
    const [params, optimizerClass, options] = readArguments(given);
    const { processGroup = null, parametersAsBucketView = false, overlapWithDdp = false, ...rest } = options;
    const list = listed(params);
    // It checks the arguments, and knows the defaults.
    const probe = new optimizerClass(list, rest);
    super(list, probe.defaults);
    if (checkFlag(OP, "overlapWithDdp", overlapWithDdp))
      throw new ValueError(
        `${OP}: overlapWithDdp is not available; leave it out: gradients are reduced while backward runs`,
      );
    this.packsParameters = checkFlag(OP, "parametersAsBucketView", parametersAsBucketView);
    this.processGroup = groupOf(OP, processGroup);
    this.loads = new Array<number>(this.processGroup.size).fill(0);
    const all = this.paramGroups.flatMap((group) => group.params);
    compare(
      OP,
      "param",
      all.map((param, i) => [String(i), param]),
      this.processGroup,
    );
    for (const group of this.paramGroups) this.divide(group);
    this.optim = new optimizerClass(
      this.paramGroups.map((group) => this.ownPart(group)),
      rest,
    );
    Object.assign(this, { state: this.optim.state, scalarState: (this.optim as unknown as Inner).scalarState });
    this.packParameters();
  }

  protected override get name(): string {
    return OP;
  }

  /** Deals the parameters of a group out, the largest first, each to the rank that has least. @see ZeroRedundancyOptimizer._partition_parameters */
  private divide({ params }: ParamGroup<any>): void {
    for (const param of [...params].sort((a, b) => b.numel() - a.numel())) {
      const rank = this.loads.indexOf(Math.min(...this.loads));
      this.owners.set(param, rank);
      this.loads[rank]! += param.numel();
    }
  }

  private ownPart(group: ParamGroup<any>): ParamGroup<any> {
    return { ...group, params: group.params.filter((param) => this.isOwn(param)) };
  }

  private isOwn(param: Tensor): boolean {
    return this.owners.get(param) === this.processGroup.rank;
  }

  private parametersOf(rank: number): Tensor[] {
    return [...this.owners].filter(([, owner]) => owner === rank).map(([param]) => param);
  }

  /** Moves the parameters of each rank into one tensor for each dtype. */
  private packParameters(): void {
    if (!this.packsParameters) return;
    this.packs = this.loads.map((_, rank) => {
      const params = this.parametersOf(rank);
      return [...new Set(params.map((param) => param.dtype))].map((dtype) => {
        const part = params.filter((param) => param.dtype === dtype);
        const flat = lasting([part.reduce((n, param) => n + param.numel(), 0)], dtype);
        let offset = 0;
        for (const param of part) {
          const place = windowOf(flat, offset, param.shape);
          copyValues(place, param);
          replaceData(param, place);
          offset += param.numel();
          place.dispose();
        }
        return flat;
      });
    });
  }

  override addParamGroup(group: ParamGroupInput<any>): void {
    super.addParamGroup(group);
    const added = this.paramGroups.at(-1)!;
    this.divide(added);
    this.optim.addParamGroup(this.ownPart(added));
    this.packParameters();
  }

  /** Options that a scheduler or a user changed here go to the optimizer of the own part. */
  private passOptions(): void {
    this.paramGroups.forEach((group, i) => {
      Object.assign(this.optim.paramGroups[i]!, optionsOf(group));
    });
  }

  protected override advance<R>(closure?: Closure<R>): R | undefined {
    this.passOptions();
    const loss = closure === undefined ? void this.optim.step() : this.optim.step(closure);
    this.paramGroups.forEach((group, i) => {
      Object.assign(group, optionsOf(this.optim.paramGroups[i]!));
    });
    for (let rank = 0; rank < this.processGroup.size; rank++)
      broadcastAll(OP, this.packs?.[rank] ?? this.parametersOf(rank), rank, this.processGroup);
    return loss;
  }

  /**
   * Collects the state of all ranks on one, which has a {@link stateDict} then. Every rank calls it.
   * @param to The rank within the group. Default: 0.
   * @see torch.distributed.optim.ZeroRedundancyOptimizer.consolidate_state_dict
   */
  consolidateStateDict(to = 0): void {
    const { processGroup: group } = this;
    checkInteger("consolidateStateDict", "to", to, 0, group.size - 1);
    const own = super.stateDict().state;
    const all: Entries = {};
    for (let rank = 0; rank < group.size; rank++) {
      const entries = broadcastEntries("consolidateStateDict", rank === group.rank ? own : undefined, rank, group);
      if (group.rank !== to) {
        if (rank !== group.rank) for (const entry of Object.values(entries)) disposeAll(Object.values(entry));
        continue;
      }
      for (const [number, entry] of Object.entries(entries))
        all[Number(number)] =
          rank === to ? Object.fromEntries(Object.entries(entry).map(([name, value]) => [name, copied(value)])) : entry;
    }
    this.consolidated = group.rank === to ? all : undefined;
  }

  /**
   * The state of all parameters, as the optimizer that is divided would give it: it can be loaded into that, and into any number of ranks.
   * @throws StateError on ranks that {@link consolidateStateDict} did not collect it on.
   * @see torch.distributed.optim.ZeroRedundancyOptimizer.state_dict
   */
  override stateDict(): OptimizerStateDict {
    if (this.consolidated === undefined)
      throw new StateError(
        `${OP}: Optimizer state has not been consolidated on this rank. Please call \`consolidateStateDict(${this.processGroup.rank})\` on all ranks beforehand if you meant to save the global state.`,
      );
    return { state: this.consolidated, param_groups: super.stateDict().param_groups };
  }

  /**
   * Takes the own part of the state of all parameters. Every rank is given the whole.
   * @see torch.distributed.optim.ZeroRedundancyOptimizer.load_state_dict
   */
  override loadStateDict(stateDict: OptimizerStateDict): void {
    super.loadStateDict(this.ownEntries(stateDict));
    this.passOptions();
    this.consolidated = undefined;
  }

  /** A state dict without the entries of parameters of other ranks. What has no such form is left to be refused. */
  private ownEntries(dict: OptimizerStateDict): OptimizerStateDict {
    const { state, param_groups: groups } = dict ?? {};
    if (typeof state !== "object" || state === null || state instanceof Map || !Array.isArray(groups)) return dict;
    const others = new Set<string>();
    groups.forEach((group, i) => {
      if (!Array.isArray(group?.params)) return;
      group.params.forEach((number: number, k: number) => {
        const param = this.paramGroups[i]?.params[k];
        if (param !== undefined && !this.isOwn(param)) others.add(String(number));
      });
    });
    return { ...dict, state: Object.fromEntries(Object.entries(state).filter(([number]) => !others.has(number))) };
  }

  protected override checkState(op: string, param: Tensor, entry: object, group: ParamGroup<any>): void {
    (this.optim as unknown as Inner).checkState(op, param, entry, group);
  }
}

function disposeAll(values: readonly unknown[]): void {
  for (const value of values)
    if (Array.isArray(value)) disposeAll(value);
    else if (typeof value === "object" && value !== null) (value as Tensor).dispose();
}

declareMethods(ZeroRedundancyOptimizer, {
  addParamGroup: "paramGroup{}",
  consolidateStateDict: "to?",
  stateDict: "",
  loadStateDict: "stateDict{}",
});
