/** Checkpoints of a training run that goes on as if it had never been interrupted. */
import { checkChoice, checkFlag, checkInteger, checkString } from "../core/arguments";
import { argumentsOf } from "../core/binding";
import { ArgumentError, describe } from "../core/errors";
import type { Generator } from "../core/generator";
import { declareMethods } from "../core/signature";
import type { Arguments } from "../core/signatureTypes";
import type { CheckpointInfo, CheckpointSource } from "./found";
import type { Plan, Run } from "./lazyCheckpoint";
import type { Some, Stateful } from "./parts";

export type { CheckpointInfo, CheckpointSource } from "./found";

const signature =
  "folder; model, optimizer, scheduler, scaler, loader, generator, gradients, keepLast, keepBest, metric, mode";

/** What a {@link Checkpoint} holds, and how many of them stay. */
export interface CheckpointOptions {
  /** The model, or several in an array or by name; likewise below. */
  model?: Some<Stateful>;
  optimizer?: Some<Stateful>;
  scheduler?: Some<Stateful>;
  /** A gradient scaler, or anything else with `stateDict()` and `loadStateDict(state)`. */
  scaler?: Some<Stateful>;
  /** The loaders that training reads: where they stand in their pass, and their generators. */
  loader?: Some<Stateful>;
  /** Generators besides the default one, whose state every checkpoint has. */
  generator?: Some<Generator>;
  /** Whether gradients belong to it, for runs that save between two `backward()` of one step. Default: false. */
  gradients?: boolean;
  /** Newest checkpoints that stay. Default: 2. */
  keepLast?: number;
  /** Best checkpoints that stay besides. Default: 0. */
  keepBest?: number;
  /** The name of the value given to `save` by which checkpoints are compared. Default: "metric". */
  metric?: string;
  /** Whether less of it is better, or more. Default: "min". */
  mode?: "min" | "max";
}

/** Parts that {@link Checkpoint.load} may be asked for. */
export type CheckpointPart = "model" | "optimizer" | "scheduler" | "scaler" | "loader" | "gradients" | "random";
const parts = ["model", "optimizer", "scheduler", "scaler", "loader", "gradients", "random"] as const;

/**
 * A folder with the state of a training run: model, optimizer, schedulers, random numbers, where the loader stands, and whatever values the
 * program gives. A run that was killed at any moment goes on from it with the same bits.
 *
 * Files are written whole or not at all, and carry a checksum; a damaged one is passed over in favor of the one before. In browsers the folder is in
 * IndexedDB. A folder belongs to one run at a time.
 * @param folder The folder on disk, or a name in browsers. It is made when it is first needed.
 * @throws ArgumentError or ValueError for options that make no sense.
 * @example
 * const checkpoint = new torch.Checkpoint("runs/mnist", { model, optimizer, scheduler, loader, keepLast: 3, keepBest: 1 });
 * let { epoch, step } = (await checkpoint.resume()) ?? { epoch: 0, step: 0 };
 * for (; epoch < 10; epoch++) {
 *   for await (const [x, y] of loader) {
 *     trainOn(x, y);
 *     if (++step % 500 === 0) await checkpoint.save({ epoch, step });
 *   }
 *   scheduler.step();
 *   await checkpoint.save({ epoch: epoch + 1, step, metric: await evaluate(model) });
 * }
 */
export class Checkpoint {
  /** @internal */
  static readonly signature: string = signature;

  readonly folder: string;
  private readonly plan: Plan;
  private loading: Promise<Run> | undefined;
  private run: Run | undefined;

  constructor(folder: string, options?: CheckpointOptions);
  constructor(...given: Arguments<typeof signature, { folder: string } & CheckpointOptions>);
  constructor(...given: unknown[]) {
    const all = argumentsOf<{ folder: string } & CheckpointOptions>("Checkpoint", signature, given);
    const { folder, keepLast = 2, keepBest = 0, metric = "metric", mode = "min", gradients = false, ...rest } = all;
    this.folder = checkString("Checkpoint", "folder", folder);
    if (folder === "") throw new ArgumentError("Checkpoint: folder must have a name");
    this.plan = {
      folder,
      parts: { ...rest, gradients: checkFlag("Checkpoint", "gradients", gradients) },
      keepLast: checkInteger("Checkpoint", "keepLast", keepLast, 1),
      keepBest: checkInteger("Checkpoint", "keepBest", keepBest, 0),
      metric: checkString("Checkpoint", "metric", metric),
      mode: checkChoice("Checkpoint", "mode", mode, ["min", "max"]),
    };
  }

  private async begin(): Promise<Run> {
    this.loading ??= import("./lazyCheckpoint").then(({ Run }) => Run.begin(this.plan));
    this.run = await this.loading.catch((error) => {
      this.loading = undefined;
      throw error;
    });
    return this.run;
  }

  /**
   * Goes on from the newest whole checkpoint: call it when everything is made and before the loop. It also takes the folder for this run, and removes
   * what a killed one had half written.
   * @returns The values that were given to {@link save}, or null if there is no checkpoint yet.
   * @throws StateError naming what does not fit if it is the checkpoint of another model or optimizer, FormatError if there are checkpoints but no whole
   * one, KindlingError if another run has the folder, or if it cannot be read.
   */
  async resume(): Promise<Record<string, any> | null> {
    return (await this.begin()).resume();
  }

  /**
   * Writes a checkpoint. The state is copied before the call returns, once {@link resume} was awaited: a program that does not await the promise trains on
   * while the file is written. Older checkpoints go if they need not stay.
   * @param values Numbers, texts, truth values, bigints, tensors, typed arrays, and arrays, objects, maps and sets of them, which {@link resume} gives back.
   * @throws KindlingError if the file cannot be written; the older ones are as they were then. ArgumentError for values that no file can hold.
   */
  async save(values: Readonly<Record<string, unknown>> = {}): Promise<void> {
    checkValues("save", values);
    return (this.run ?? (await this.begin())).save(values);
  }

  /**
   * Loads a checkpoint, such as the best one when training is over. It needs no folder of its own: another run may be writing.
   * @param which "last", "best", the name of a file in the folder, or a file's bytes. Default: "last".
   * @param options.parts What is to be loaded; the rest stays as it is. Default: all that was given to this object, and the random numbers.
   * @returns The values that were given to {@link save}.
   * @throws StateError as {@link resume} does, FormatError if it is damaged, KindlingError if there is none.
   */
  async load(which?: CheckpointSource, options?: { parts?: readonly CheckpointPart[] }): Promise<Record<string, any>>;
  async load(which: any = "last", options: any = {}): Promise<Record<string, any>> {
    if (typeof which !== "string" && !(which instanceof Uint8Array) && !(which instanceof Blob))
      throw new ArgumentError(
        `load: which must be "last", "best", the name of a file, a Blob or a Uint8Array, got ${describe(which)}`,
      );
    const only: unknown = options.parts ?? parts;
    if (!Array.isArray(only)) throw new ArgumentError(`load: parts must be an array of names, got ${describe(only)}`);
    for (const part of only) checkChoice("load", "parts", part, parts);
    const given = this.plan.parts as unknown as Record<string, unknown>;
    // A program that only evaluates has no optimizer.
    const chosen = options.parts ?? only.filter((part) => given[part] !== undefined || part === "random");
    return (await this.begin()).load(which, chosen);
  }

  /** The checkpoints of the folder, the oldest first. */
  async list(): Promise<CheckpointInfo[]> {
    return (await this.begin()).list();
  }

  /**
   * The state as it is now as a file of its own, as {@link save} would write it: to be kept elsewhere, and given to {@link load}. It is a safetensors file.
   * @throws ArgumentError for values that no file can hold.
   */
  async toBlob(values: Readonly<Record<string, unknown>> = {}): Promise<Blob> {
    checkValues("toBlob", values);
    const bytes = await (this.run ?? (await this.begin())).pack(values);
    return new Blob([bytes as Uint8Array<ArrayBuffer>], { type: "application/octet-stream" });
  }

  /** Offers {@link toBlob} as a download. @throws KindlingError outside of pages. */
  async download(filename = "checkpoint.safetensors", values: Readonly<Record<string, unknown>> = {}): Promise<void> {
    checkString("download", "filename", filename);
    checkValues("download", values);
    const blob = await this.toBlob(values);
    (await import("../platform/lazyDownload")).download("download", blob, filename);
  }

  /** Waits for what is being written, and lets other runs have the folder. The end of the program does so too. */
  async close(): Promise<void> {
    if (this.loading !== undefined) await (await this.begin()).close();
  }
}

function checkValues(op: string, values: unknown): void {
  const isRecord =
    typeof values === "object" && values !== null && [Object.prototype, null].includes(Object.getPrototypeOf(values));
  if (!isRecord)
    throw new ArgumentError(`${op}: values must be an object such as { epoch, step }, got ${describe(values)}`);
}

declareMethods(Checkpoint, {
  resume: "",
  save: "values{}?",
  load: "which?; parts",
  list: "",
  toBlob: "values{}?",
  download: "filename?, values{}?",
  close: "",
});
