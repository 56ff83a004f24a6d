/** Builders of models: functions of the models' options that may read weights, registered under torchvision's names. */

import { ArgumentError, describe, ValueError } from "../../core/errors";
import { named, renamed } from "../../core/signature";
import type { Declared } from "../../core/signatureTypes";
import type * as nn from "../../nn/index";
import type { StateDict } from "../../nn/state";
import { readState } from "./stateFile";
import { Weights } from "./weights";

/** Where trained weights are: one of torchvision's published sets, or the path or URL of a `.safetensors` file. */
export type WeightsSource = Weights | string | URL;

/** What all builders take. */
export interface BuilderOptions {
  /**
   * What to load: published weights such as `ResNet50Weights.DEFAULT`, or the path or URL of a file. With it the builder gives a promise.
   * Default: null, initial values.
   */
  weights?: WeightsSource | null;
  /** Accepted as in torchvision. Default: true. */
  progress?: boolean;
}

/** A function that makes a model, and the promise of one if it is to read weights. */
export interface ModelBuilder<M extends nn.Module = nn.Module, O extends object = any> extends Declared {
  (options?: O & { weights?: null | undefined; progress?: boolean }): M;
  (options: O & { weights: WeightsSource; progress?: boolean }): Promise<M>;
}

/** How a kind of model reads weights. */
export interface Loading<M extends nn.Module, O extends object> {
  /** Options that published weights need, unless others are given. */
  readonly pretrained?: Partial<O>;
  /** The present name of an entry of older files. */
  readonly renamed?: (key: string) => string;
  /** What is done once the weights are read, with the options that the user gave. */
  readonly finish?: (model: M, options: O) => void;
}

/** torchvision's name of each builder. */
export const registry = new Map<string, ModelBuilder>();

/** `vit_b_16` → `vitB16`; an underscore between digits stays. */
export const camelCase = (name: string): string =>
  name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()).replace(/(?<=[A-Z])_(?=\d)/g, "");

/** The options with those that the weights need. @throws ValueError for others. */
function withNeeded<O extends object>(op: string, options: O, needed: Readonly<Record<string, unknown>>): O {
  const given = options as Record<string, unknown>;
  for (const [name, value] of Object.entries(needed))
    if (given[name] !== undefined && given[name] !== value)
      throw new ValueError(`${op}: The parameter '${name}' expected value ${value} but got ${given[name]} instead.`);
  return { ...options, ...needed };
}

/** Published weights by name or as they are; a path or URL of a file. */
function checkSource(op: string, weights: unknown): Weights | string | URL {
  if (weights instanceof Weights || weights instanceof URL) return weights;
  if (typeof weights === "string") return Weights.named(weights) ?? weights;
  throw new ArgumentError(
    `${op}: weights must be published weights such as ResNet50Weights.DEFAULT, or the path or URL of a file, got ${describe(weights)}`,
  );
}

/** The model with the weights of a file. */
async function load<M extends nn.Module, O extends object>(
  op: string,
  create: (options: O) => M,
  { pretrained = {}, renamed: rename, finish }: Loading<M, O>,
  source: Weights | string | URL,
  given: O,
): Promise<M> {
  const isPublished = source instanceof Weights;
  const classes = isPublished ? { numClasses: source.meta.categories.length } : {};
  const options = { ...pretrained, ...withNeeded(op, given, classes), ...(finish && pretrained) };
  const model = create(options);
  const read = await readState(op, isPublished ? source.url : source);
  const state: StateDict = {};
  for (const [key, value] of Object.entries(read)) state[rename?.(key) ?? key] = value;
  model.loadStateDict(state);
  finish?.(model, given);
  return model;
}

/**
 * Declares a builder.
 * @param name torchvision's name of it.
 * @param optionNames The names of its options, as in a signature.
 */
export function modelBuilder<M extends nn.Module, O extends object>(
  name: string,
  optionNames: string,
  create: (options: O) => M,
  loading: Loading<M, O> = {},
): ModelBuilder<M, O> {
  const op = camelCase(name);
  const build = (options: O & BuilderOptions = {} as O): M | Promise<M> => {
    const { weights = null, progress: _, ...own } = options;
    if (weights === null) return create(own as unknown as O);
    const source = checkSource(op, weights);
    return load(op, create, loading, source, own as unknown as O).catch((error: unknown) => {
      throw renamed(error, op);
    });
  };
  const builder = named(op, `;; weights, progress, ${optionNames}`, build) as unknown as ModelBuilder<M, O>;
  registry.set(name, builder);
  return builder;
}
