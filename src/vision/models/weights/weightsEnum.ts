/** Trained weights that torchvision publishes: where they are, and what they need. */

import { imagenetCategories, vocCategories } from "./categories";
import {
  ImageClassification,
  type ImageClassificationOptions,
  SemanticSegmentation,
  type SemanticSegmentationOptions,
} from "./presets";

/** What is known of published weights. */
export interface WeightsMeta {
  /** The number of parameters. */
  readonly numParams: number;
  /** The least height and width of images. */
  readonly minSize: readonly [height: number, width: number];
  /** The names of the classes in the order of their scores; null for weights of features alone. */
  readonly categories: readonly string[] | null;
  /** What was measured, by data set: accuracies in percent. */
  readonly metrics: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Where the weights have a license of their own. */
  readonly license?: string;
}

/** The transforms that weights ask for. */
export type Preset = ImageClassification | SemanticSegmentation;

/**
 * Published weights, such as `ResNet50Weights.DEFAULT`.
 * @see torchvision.models.Weights
 * @example
 * const weights = vision.models.ResNet50Weights.DEFAULT;
 * const preprocess = weights.transforms();
 * const model = await vision.models.resnet50({ weights: "resnet50.safetensors" }); // made of the file at weights.url
 * const scores = model.eval()(preprocess(image).unsqueeze(0)).softmax(1);
 * console.log(weights.meta.categories[scores.argmax().item()]);
 */
export class Weights<P extends Preset = Preset> {
  constructor(
    /** `ResNet50_Weights.IMAGENET1K_V1`. */
    readonly name: string,
    /** torchvision's name of the model. */
    readonly model: string,
    /** Where the file is, in PyTorch's own format. */
    readonly url: string,
    /** Makes the transforms from pictures to what the model takes. */
    readonly transforms: () => P,
    readonly meta: WeightsMeta,
  ) {}

  /** The name, as torchvision prints it. */
  toString(): string {
    return this.name;
  }
}

/** All published weights of one model by name, and the recommended ones as `DEFAULT`. Iterates over the weights, each once. */
export type WeightsEnum<K extends string = string, P extends Preset = Preset> = {
  readonly [name in K | "DEFAULT"]: Weights<P>;
} & Iterable<Weights<P>>;

/** The enumerations by torchvision's name of the model. */
export const enums = new Map<string, WeightsEnum>();

/** The enumerations by their own name, such as `ResNet50_Weights`. */
export const enumsByName = new Map<string, WeightsEnum>();

/** A line of the tables: file, parameters, least size of images, transforms, what was measured, and the license if it is not that of the project. */
type Row<O> = readonly [
  file: string,
  numParams: number,
  minSize: number,
  preset: O,
  metrics: readonly [number, number] | null,
  license?: string,
];

/** What data sets have in common. */
interface Kind<O> {
  readonly categories: readonly string[];
  readonly dataset: string;
  readonly measures: readonly [string, string];
  readonly preset: (options: O) => Preset;
}

const kindOf =
  <O, P extends Preset>({ categories, dataset, measures, preset }: Kind<O>) =>
  <K extends string>(
    model: string,
    enumName: string,
    best: NoInfer<K>,
    rows: Readonly<Record<K, Row<O>>>,
  ): WeightsEnum<K, P> => {
    const weightsOf = (name: string, [file, numParams, minSize, options, metrics, license]: Row<O>) =>
      new Weights(`${enumName}.${name}`, model, `https://download.pytorch.org/models/${file}`, () => preset(options), {
        numParams,
        minSize: [minSize, minSize],
        categories: metrics === null ? null : categories,
        metrics: metrics === null ? {} : { [dataset]: { [measures[0]]: metrics[0], [measures[1]]: metrics[1] } },
        ...(license !== undefined && { license }),
      });
    const entries = Object.entries<Row<O>>(rows).map(([name, row]) => [name, weightsOf(name, row)] as const);
    const all = Object.fromEntries(entries);
    const found = { ...all, DEFAULT: all[best] };
    const iterator = { value: () => entries.map(([, weights]) => weights).values() };
    const weights = Object.freeze(Object.defineProperty(found, Symbol.iterator, iterator)) as unknown as WeightsEnum<
      K,
      P
    >;
    enums.set(model, weights as unknown as WeightsEnum);
    enumsByName.set(enumName, weights as unknown as WeightsEnum);
    return weights;
  };

/** Declares weights for classification that were trained on ImageNet. */
export const imagenetWeights = kindOf<ImageClassificationOptions, ImageClassification>({
  categories: imagenetCategories,
  dataset: "ImageNet-1K",
  measures: ["acc@1", "acc@5"],
  preset: (options) => new ImageClassification(options),
});

/** Declares weights for segmentation that were trained on COCO with the classes of Pascal VOC. */
export const vocWeights = kindOf<SemanticSegmentationOptions, SemanticSegmentation>({
  categories: vocCategories,
  dataset: "COCO-val2017-VOC-labels",
  measures: ["miou", "pixel_acc"],
  preset: (options) => new SemanticSegmentation(options),
});
