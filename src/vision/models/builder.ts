/** Builders of models: functions of the models' options that may read weights, registered under torchvision's names. */

import { ArgumentError, describe, ValueError } from "../../core/errors";
import { named, renamed } from "../../core/signature";
import type { Declared } from "../../core/signatureTypes";
import type * as nn from "../../nn/index";
import type { StateDict } from "../../nn/module/state";
import { readState } from "./stateFile";
import { enums, Weights, type WeightsEnum } from "./weights/weightsEnum";

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
  /** Options that models with weights need, in place of those that the user gave. */
  readonly pretrained?: (options: O) => Partial<O>;
  /** The present name of an entry of older files. */
  readonly renamed?: (key: string) => string;
  /** What is done before the weights are read, with the names of the file. */
  readonly adapt?: (model: M, keys: readonly string[]) => void;
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

/** The weights of this name, as `"IMAGENET1K_V2"`, `"DEFAULT"` or `"ResNet50_Weights.IMAGENET1K_V2"`. */
function publishedOf(all: WeightsEnum | undefined, name: string): Weights | undefined {
  if (all === undefined) return undefined;
  if (name === "DEFAULT" || name.endsWith("_Weights.DEFAULT")) return all.DEFAULT;
  return [...all].find((weights) => weights.name === name || weights.name.endsWith(`.${name}`));
}

/** Published weights by name or as they are; a path or URL of a file. @throws ArgumentError for those of another model. */
function checkSource(op: string, model: string, weights: unknown): Weights | string | URL {
  if (weights instanceof URL) return weights;
  if (typeof weights === "string") return publishedOf(enums.get(model), weights) ?? weights;
  if (!(weights instanceof Weights))
    throw new ArgumentError(
      `${op}: weights must be published weights such as ResNet50Weights.DEFAULT, or the path or URL of a file, got ${describe(weights)}`,
    );
  if (weights.model !== model)
    throw new ArgumentError(`${op}: weights must be those of ${model}, got ${weights} of ${weights.model}`);
  return weights;
}

/** The counts of batches of a model, which older files do not have. */
const counts = (model: nn.Module): StateDict =>
  Object.fromEntries(model.namedBuffers().filter(([key]) => key.endsWith("num_batches_tracked")));

/** The model with the weights of a file. */
async function load<M extends nn.Module, O extends object>(
  op: string,
  create: (options: O) => M,
  { pretrained = () => ({}), renamed: rename, adapt, finish }: Loading<M, O>,
  model: string,
  weights: unknown,
  given: O,
): Promise<M> {
  const source = checkSource(op, model, weights);
  const isPublished = source instanceof Weights;
  const categories = isPublished ? source.meta.categories : null;
  const asked = categories === null ? given : withNeeded(op, given, { numClasses: categories.length });
  const made = create({ ...asked, ...pretrained(asked) });
  const read = await readState(op, isPublished ? source.url : source);
  try {
    const state: StateDict = {};
    for (const [key, value] of Object.entries(read)) state[rename?.(key) ?? key] = value;
    adapt?.(made, Object.keys(state));
    made.loadStateDict({ ...counts(made), ...state });
  } finally {
    for (const tensor of Object.values(read)) tensor.dispose();
  }
  finish?.(made, given);
  return made;
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
    return load(op, create, loading, name, weights, own as unknown as O).catch((error: unknown) => {
      throw renamed(error, op);
    });
  };
  const builder = named(op, `;; weights, progress, ${optionNames}`, build) as unknown as ModelBuilder<M, O>;
  registry.set(name, builder);
  return builder;
}
