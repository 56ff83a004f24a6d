/**
 * What layers need of the part of the library for distributed training. That part is loaded when a process group is made, and puts itself in here; it
 * stands above the layers, which therefore know it by these interfaces alone.
 */
import { StateError } from "../../core/errors";
import type { Tensor } from "../../tensor/tensor";
import type { Module } from "../module/module";
import type { DistributedDataParallelOptions, JoinOptions } from "./options";

/** Keeps a module in step with those of other processes. */
export interface Replica {
  /** The ranks that the module is copied to. */
  readonly processGroup: unknown;
  run(args: readonly unknown[]): unknown;
  /** Whether the next backward is reduced over the ranks. */
  isSynchronized: boolean;
  registerCommHook(state: unknown, hook: unknown): void;
  join<R>(body: () => R, options: Required<JoinOptions>): R;
}

/** The arguments of a normalization whose statistics are those of all ranks. */
export interface SyncedNorm {
  readonly eps: number;
  readonly momentum: number;
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
  readonly runningMean: Tensor | null;
  readonly runningVar: Tensor | null;
  readonly processGroup: unknown;
}

/** What the part for distributed training provides. */
export interface Late {
  replicate(module: Module, options: DistributedDataParallelOptions): Replica;
  /** Whether a group (null: the default one, if there is any) has more ranks than this one. */
  isShared(processGroup: unknown): boolean;
  syncedNorm(input: Tensor, norm: SyncedNorm): Tensor;
  /** The number of ranks and the own one in the default group; undefined without a group. */
  world(): { readonly size: number; readonly rank: number } | undefined;
}

let late: Late | undefined;

export function provideLate(parts: Late): void {
  late = parts;
}

/** Undefined as long as no process group was made. */
export const lateParts = (): Late | undefined => late;

/** @throws StateError as long as no process group was made. */
export function needLate(op: string): Late {
  if (late === undefined)
    throw new StateError(
      `${op}: Default process group has not been initialized, please make sure to call await torch.distributed.initProcessGroup() first.`,
    );
  return late;
}
