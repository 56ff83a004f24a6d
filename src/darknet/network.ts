/** A configuration as a module. */

import { ArgumentError, describe, ShapeError } from "../core/errors";
import { shapeText } from "../core/shape";
import { declareMethods } from "../core/signature";
import { ModuleList } from "../nn/module/container";
import { takes } from "../nn/module/forward";
import { Module } from "../nn/module/module";
import { checkFloating } from "../ops/builders/precision";
import { Tensor } from "../tensor/tensor";
import { type Decoded, type Detections, type DetectOptions, decode, detect } from "./detect";
import { Head } from "./layers/heads";
import { builders } from "./layers/index";
import type { Layer } from "./layers/layer";
import { checkShape, type Plan, type Shape } from "./plan";
import { parseConfig, type Section } from "./section";

/** Numbers that all layers may have together: the largest of Darknet's networks have 300 million. */
const MOST_WEIGHTS = 400_000_000;

/** A network before anything of it is allocated. */
export interface Design {
  readonly input: Shape;
  readonly plans: readonly Plan[];
  readonly sections: readonly Section[];
  /** Whether pictures must have the size of `[net]`. */
  readonly isFixed: boolean;
}

function inputShape(net: Section): Shape {
  const [height, width] = [net.integer("height", 0, 0, 65536), net.integer("width", 0, 0, 65536)];
  if (height === 0 || width === 0) throw net.fail("height and width of the pictures must be given");
  return checkShape(net, [net.integer("channels", 3, 1, 65536), height, width]);
}

/** Checks all of a configuration. @throws FormatError with line and layer of what is wrong. */
export function design(text: string, file: string): Design {
  const [net, ...sections] = parseConfig(text, file) as [Section, ...Section[]];
  const input = inputShape(net);
  const plans: Plan[] = [];
  let isFixed = false;
  let total = 0;
  for (const section of sections) {
    const builder = Object.hasOwn(builders, section.type) ? builders[section.type]! : undefined;
    if (builder === undefined)
      throw section.fail(`such layers are not supported; there are ${Object.keys(builders).join(", ")}`);
    const fix = () => {
      isFixed = true;
    };
    const plan = builder(section, { index: plans.length, input: plans.at(-1)?.shape ?? input, plans, sections, fix });
    total += plan.count;
    if (total > MOST_WEIGHTS)
      throw section.fail(`the layers up to here have ${total} weights; at most ${MOST_WEIGHTS} are supported`);
    plans.push(plan);
  }
  return { input, plans, sections, isFixed };
}

/** For each layer, the last that reads it. */
function lastReaders(plans: readonly Plan[]): number[] {
  const last = plans.map((_, i) => i);
  plans.forEach(({ sources }, i) => {
    for (const at of sources) if (at >= 0) last[at] = i;
  });
  return last;
}

/** The version and the count of pictures at the beginning of a `.weights` file. */
export interface Header {
  major: number;
  minor: number;
  revision: number;
}

/**
 * A network of Darknet's, callable with pictures and trainable; made by `torch.darknet.load`. Where the configuration has layers that say where objects are, it gives the
 * list of their results, else the result of the last layer.
 *
 * Shape: [N, channels, height, width], with values from 0 to 1.
 */
export class DarknetModule extends Module {
  /** The layers. Their names in the state dict are those of Ultralytics' port to PyTorch: `module_list.0.Conv2d.weight`. */
  readonly moduleList: ModuleList;
  /** Channels, height and width of pictures, as `[net]` says. Without connected layers, pictures may have other sizes too. */
  readonly inputShape: Shape;
  /** How many pictures it was trained on, as the file of its weights says. */
  seen = 0;
  /** The version of the file of its weights. */
  version: Header = { major: 0, minor: 2, revision: 5 };
  readonly #design: Design;
  readonly #last: readonly number[];

  /** @internal */
  constructor(given: Design) {
    super();
    this.#design = given;
    this.#last = lastReaders(given.plans);
    this.inputShape = given.input;
    this.moduleList = new ModuleList(given.plans.map((plan) => plan.make()));
  }

  override stateKey(field: string): string {
    return field === "moduleList" ? "module_list" : field;
  }

  /** @internal The layers that say where objects are. */
  get heads(): Head[] {
    return this.layers.filter((layer) => layer instanceof Head);
  }

  /** @internal */
  get layers(): Layer[] {
    return [...this.moduleList] as Layer[];
  }

  override forward(input: Tensor): any {
    this.#check(input);
    const results: (Tensor | undefined)[] = [];
    const found: Tensor[] = [];
    let last = input;
    this.layers.forEach((layer, i) => {
      const { sources } = this.#design.plans[i]!;
      last = layer(...sources.map((at) => (at < 0 ? input : results[at]!)));
      results.push(last);
      if (layer instanceof Head) found.push(last);
      // Nobody else holds what no later layer reads.
      for (const at of sources) if (at >= 0 && this.#last[at] === i) results[at] = undefined;
    });
    return found.length > 0 ? found : last;
  }

  /**
   * All boxes that the network proposes, with their scores, from the results of a call; gradients flow.
   * @param outputs What the call gave: one tensor for each layer that says where objects are.
   * @param size Height and width of the pictures of the call. Default: those of `[net]`.
   * @throws StateError if the network has no such layers; ValueError for another number of tensors.
   * @example const { boxes, scores } = model.decode(model(images));
   */
  decode(outputs: readonly Tensor[], size?: readonly [height: number, width: number]): Decoded;
  decode(given: { outputs: readonly Tensor[]; size?: readonly [height: number, width: number] }): Decoded;
  decode(outputs: any, size?: any): Decoded {
    return decode("decode", this as never, outputs, size);
  }

  /**
   * The objects in a picture, or in each of several: it is brought to the network's size, boxes are brought back to its own pixels, and of boxes that overlap the surest is
   * kept. Computes in evaluation mode, without gradients.
   * @param images uint8, or float32 with values from 0 to 1. Shape: [C, height, width], [N, C, height, width], or a list of pictures of different sizes.
   * @param options.thresh The least score. Default: 0.5.
   * @param options.nms Boxes of one class that overlap by more are one object. Default: 0.45.
   * @param options.letterbox Keep proportions, with gray borders; else pictures are stretched. Default: true.
   * @param options.maxDetections The most boxes for a picture. Default: 300.
   * @throws StateError if the network has no layers for that; ShapeError, DTypeError, ValueError for other pictures or options.
   * @example const { boxes, labels, scores } = model.detect(image, { thresh: 0.25 });
   */
  detect(images: Tensor, options?: DetectOptions): Detections;
  detect(images: readonly Tensor[], options?: DetectOptions): Detections[];
  detect(given: { images: Tensor } & DetectOptions): Detections;
  detect(images: any, options: DetectOptions = {}): any {
    return detect("detect", this as never, images, options);
  }

  #check(input: unknown): void {
    const name = "DarknetModule";
    if (!(input instanceof Tensor))
      throw new ArgumentError(`${name}: takes a Tensor of shape [N, channels, height, width], got ${describe(input)}`);
    checkFloating(name, input);
    const [channels, height, width] = this.inputShape;
    const isOther = input.shape[2] !== height || input.shape[3] !== width;
    if (input.ndim !== 4 || input.shape[1] !== channels || (this.#design.isFixed && isOther))
      throw new ShapeError(
        `${name}: takes pictures of shape [N, ${channels}, ${height}, ${width}], got ${shapeText(input.shape)}`,
      );
  }
}

takes("input", DarknetModule);
declareMethods(DarknetModule, { decode: "outputs, size?", detect: "images; thresh, nms, letterbox, maxDetections" });

/** How many numbers the layers before `cutoff` have. */
export const weightCount = (plans: readonly Plan[], cutoff = plans.length): number =>
  plans.slice(0, cutoff).reduce((sum, { count }) => sum + count, 0);
