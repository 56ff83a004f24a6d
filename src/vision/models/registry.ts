/** Models by torchvision's names. */

import { checkString } from "../../core/arguments";
import { ArgumentError, describe, ValueError } from "../../core/errors";
import { named, overloaded } from "../../core/signature";
import type * as nn from "../../nn/index";
import { camelCase, type ModelBuilder, registry } from "./builder";
import { enums, enumsByName, type Weights, type WeightsEnum } from "./weights/weightsEnum";

/** torchvision's name of what is called as here or as there. */
function theirName(op: string, name: unknown): string {
  const given = checkString(op, "name", name);
  if (registry.has(given.toLowerCase())) return given.toLowerCase();
  const wanted = given.toLowerCase();
  for (const known of registry.keys()) if (camelCase(known).toLowerCase() === wanted) return known;
  throw new ValueError(`${op}: Unknown model ${given}; listModels() gives the names`);
}

/**
 * The names of all models, sorted, as torchvision spells them.
 * @param module Only the models of this namespace, such as `vision.models.segmentation`. Default: all.
 * @see torchvision.models.list_models
 */
export const listModels = named("listModels", "module{}?", (module?: Readonly<Record<string, unknown>>): string[] => {
  if (module != null && typeof module !== "object")
    throw new ArgumentError(`listModels: module must be a namespace such as vision.models, got ${describe(module)}`);
  const within = module == null ? undefined : new Set(Object.values(module));
  return [...registry].flatMap(([name, builder]) => (within?.has(builder) === false ? [] : [name])).sort();
});

/**
 * The function that builds the model of this name, in torchvision's spelling or in ours (`vit_b_16`, `vitB16`).
 * @throws ValueError for an unknown name.
 * @see torchvision.models.get_model_builder
 */
export const getModelBuilder = named(
  "getModelBuilder",
  "name",
  (name: string): ModelBuilder => registry.get(theirName("getModelBuilder", name))!,
);

/** The options of any builder. */
type AnyOptions = Readonly<Record<string, unknown>>;

/**
 * The model of this name; with `weights`, the promise of it.
 * @param config The options of its builder.
 * @throws ValueError for an unknown name; whatever the builder throws.
 * @see torchvision.models.get_model
 * @example const model = vision.models.getModel("resnet18", { numClasses: 10 });
 */
export const getModel: {
  (name: string, config: AnyOptions & { weights: NonNullable<unknown> }): Promise<nn.Module>;
  (name: string, config?: AnyOptions): nn.Module;
} = overloaded("getModel", "name, config{}?", (name: string, config: AnyOptions = {}): any =>
  registry.get(theirName("getModel", name))!(config),
) as any;

/**
 * The published weights of this name, such as `"ResNet50_Weights.IMAGENET1K_V1"` or `"ResNet50Weights.DEFAULT"`.
 * @throws ValueError for an unknown name.
 * @see torchvision.models.get_weight
 */
export const getWeight = named("getWeight", "name", (name: string): Weights => {
  const given = checkString("getWeight", "name", name);
  const [enumName, valueName, ...others] = given.split(".");
  if (valueName === undefined || others.length > 0)
    throw new ValueError(`getWeight: Invalid weight name provided: '${given}'; it is like "ResNet50_Weights.DEFAULT"`);
  const found = enumsByName.get(enumName!) ?? [...enumsByName].find(([known]) => ourEnum(known) === enumName)?.[1];
  if (found === undefined)
    throw new ValueError(`getWeight: The weight enum '${enumName}' for the specific method couldn't be retrieved.`);
  const weights = (found as unknown as Record<string, Weights | undefined>)[valueName];
  if (weights === undefined || !Object.hasOwn(found, valueName))
    throw new ValueError(`getWeight: there are no weights "${valueName}" in ${enumName}`);
  return weights;
});

/** `ResNet50_Weights` → `ResNet50Weights`; an underscore between digits stays. */
const ourEnum = (name: string): string => name.replace(/_(?=[A-Za-z])|(?<=[A-Za-z])_(?=\d)/g, "");

/**
 * All published weights of a model, given by name or by its builder.
 * @throws ValueError for an unknown model, or one without.
 * @see torchvision.models.get_model_weights
 */
export const getModelWeights = named("getModelWeights", "name()", (name: string | ModelBuilder): WeightsEnum => {
  const builder = typeof name === "string" ? registry.get(theirName("getModelWeights", name)) : name;
  for (const [model, known] of registry) if (known === builder && enums.has(model)) return enums.get(model)!;
  throw new ValueError("getModelWeights: takes the name of a model or its builder, such as vision.models.resnet50");
});
