/** Feature pyramids (Lin et al., "Feature pyramid networks for object detection", 2017). */

import { checkArray, checkInteger, MAX_COUNT } from "../../core/arguments";
import { isPlainObject } from "../../core/binding";
import { classNameOf, nameOf } from "../../core/className";
import { ArgumentError, describe, ShapeError, ValueError } from "../../core/errors";
import { declareMethods } from "../../core/signature";
import type { Arguments } from "../../core/signatureTypes";
import * as nn from "../../nn/index";
import { takes } from "../../nn/module/forward";
import { readArguments } from "../../nn/module/options";
import { type StateDict, stateKeyOf, upgraded } from "../../nn/module/state";
import { checkTensor } from "../../ops/builders/checks";
import type { Tensor } from "../../tensor/tensor";
import { Conv2dNormActivation } from "./convNormActivation";
import { checkMakerOrNull, type NormLayer } from "./makers";

/** Feature maps by name, the finest first. */
export type FeatureMaps = Readonly<Record<string, Tensor>>;

/** Feature maps in order, and their names. */
export type NamedMaps = [results: Tensor[], names: string[]];

/** The base of what adds levels to a pyramid; `forward` gets the pyramid, the feature maps it was made of, and their names, and gives the first and the last. */
export class ExtraFPNBlock extends nn.Module {
  override forward(_results: Tensor[], _x: Tensor[], _names: string[]): NamedMaps {
    return super.forward();
  }
}

/** @throws ArgumentError unless each is an array, with something in it. */
function checkLevels(op: string, lists: Readonly<Record<string, unknown>>): void {
  for (const [name, list] of Object.entries(lists))
    if (checkArray(op, name, list, name === "names" ? "strings" : "Tensors").length === 0)
      throw new ValueError(`${op}: ${name} must not be empty`);
}

/** A level of half the size of the last, by maxima of single elements. @see torchvision.ops.feature_pyramid_network.LastLevelMaxPool */
export class LastLevelMaxPool extends ExtraFPNBlock {
  override forward(x: Tensor[], _y: Tensor[], names: string[]): NamedMaps {
    checkLevels("LastLevelMaxPool", { x, names });
    return [
      [...x, nn.functional.maxPool2d(x.at(-1)!, 1, 2, 0)],
      [...names, "pool"],
    ];
  }
}

/** Parameters of {@link LastLevelP6P7}. */
export interface LastLevelParameters {
  /** Channels of the last level. */
  inChannels: number;
  /** Channels of the pyramid. */
  outChannels: number;
}

/** Two levels more, as RetinaNet has them. @see torchvision.ops.feature_pyramid_network.LastLevelP6P7 */
export class LastLevelP6P7 extends ExtraFPNBlock {
  p6: nn.Conv2d;
  p7: nn.Conv2d;
  /** Whether they are made of the pyramid's last level, and not of the last feature map. */
  readonly useP5: boolean;

  constructor(...given: Arguments<"inChannels, outChannels", LastLevelParameters>);
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const options = readArguments<LastLevelParameters>(layer, "inChannels, outChannels", {}, given);
    const { inChannels, outChannels } = options;
    this.p6 = new nn.Conv2d(inChannels, outChannels, 3, { stride: 2, padding: 1 });
    this.p7 = new nn.Conv2d(outChannels, outChannels, 3, { stride: 2, padding: 1 });
    for (const conv of [this.p6, this.p7]) resetConv(conv);
    this.useP5 = inChannels === outChannels;
  }

  override forward(p: Tensor[], c: Tensor[], names: string[]): NamedMaps {
    checkLevels("LastLevelP6P7", { p, c, names });
    const p6 = this.p6((this.useP5 ? p : c).at(-1)!);
    const p7 = this.p7(p6.relu());
    return [
      [...p, p6, p7],
      [...names, "p6", "p7"],
    ];
  }
}

/** The initial values that the pyramid's paper has. */
function resetConv({ weight, bias }: nn.Conv2d): void {
  nn.init.kaimingUniform_(weight, { a: 1 });
  if (bias !== null) nn.init.zeros_(bias);
}

/** Options of {@link FeaturePyramidNetwork}. */
export interface FeaturePyramidOptions {
  /** What adds levels. Default: null, nothing. */
  extraBlocks?: ExtraFPNBlock | null;
  /** A class or function that makes normalizations. Default: null, none. */
  normLayer?: NormLayer | null;
}

/** Parameters of {@link FeaturePyramidNetwork}. */
export interface FeaturePyramidParameters extends FeaturePyramidOptions {
  /** Channels of each feature map, the finest first. */
  inChannelsList: readonly number[];
  /** Channels of each level of the pyramid. */
  outChannels: number;
}

const signature = "inChannelsList, outChannels; extraBlocks, normLayer";

function readPyramid(layer: string, given: readonly unknown[]): Required<FeaturePyramidParameters> {
  const defaults: any = { extraBlocks: null, normLayer: null };
  const options = readArguments<FeaturePyramidParameters>(layer, signature, defaults, given);
  const { inChannelsList, extraBlocks, normLayer } = options;
  for (const [i, channels] of checkArray(layer, "inChannelsList", inChannelsList, "numbers of channels").entries())
    if (checkInteger(layer, `inChannelsList[${i}]`, channels, 0, MAX_COUNT) === 0)
      throw new ValueError(`${layer}: in_channels=0 is currently not supported: inChannelsList[${i}] is 0`);
  if (extraBlocks !== null && !(extraBlocks instanceof ExtraFPNBlock))
    throw new ArgumentError(`${layer}: extraBlocks should be of type ExtraFPNBlock not ${describe(extraBlocks)}`);
  checkMakerOrNull(layer, "normLayer", normLayer);
  return options as Required<FeaturePyramidParameters>;
}

/** Runs one of some blocks. @throws ArgumentError for what is no tensor, or no position of a block. */
function blockAt(op: string, blocks: nn.ModuleList, x: Tensor, idx: number): Tensor {
  checkTensor(op, x, "x");
  const { length } = blocks;
  return blocks.at(checkInteger(op, "idx", idx, -length, length - 1))!(x);
}

/**
 * A pyramid of feature maps that all have the same channels: each is made of the feature map of its size and of the level above.
 * Called with an object of feature maps, the finest first, it gives the levels by the same names, and those of `extraBlocks`.
 * @throws ValueError for 0 channels, ShapeError for more feature maps than the pyramid has levels.
 * @see torchvision.ops.FeaturePyramidNetwork
 * @example
 * const pyramid = new vision.ops.FeaturePyramidNetwork([256, 512, 1024], 256);
 * const { feat0, feat1, feat2 } = pyramid({ feat0, feat1, feat2 });
 */
export class FeaturePyramidNetwork extends nn.Module {
  innerBlocks: nn.ModuleList;
  layerBlocks: nn.ModuleList;
  extraBlocks: ExtraFPNBlock | null;

  constructor(...given: Arguments<typeof signature, FeaturePyramidParameters>);
  constructor(...given: unknown[]) {
    super();
    const { inChannelsList, outChannels, extraBlocks, normLayer } = readPyramid(nameOf(new.target), given);
    const blocks = { normLayer, activationLayer: null };
    this.innerBlocks = new nn.ModuleList();
    this.layerBlocks = new nn.ModuleList();
    for (const channels of inChannelsList) {
      const inner = new Conv2dNormActivation(channels, outChannels, { kernelSize: 1, padding: 0, ...blocks });
      const level = new Conv2dNormActivation(outChannels, outChannels, { kernelSize: 3, ...blocks });
      this.innerBlocks.append(inner);
      this.layerBlocks.append(level);
    }
    // The extra levels have initial values of their own.
    for (const module of this.modules()) if (module instanceof nn.Conv2d) resetConv(module);
    this.extraBlocks = extraBlocks;
  }

  override stateKey(field: string): string {
    return stateKeyOf(field);
  }

  /** @internal Blocks once were convolutions alone. */
  [upgraded](state: Readonly<StateDict>, prefix: string): Readonly<StateDict> {
    const old = /^(inner_blocks|layer_blocks)\.(\d+)\.(weight|bias)$/;
    const rename = (key: string): string => {
      const parts = key.startsWith(prefix) ? old.exec(key.slice(prefix.length)) : null;
      return parts === null ? key : `${prefix}${parts[1]}.${parts[2]}.0.${parts[3]}`;
    };
    return Object.fromEntries(Object.entries(state).map(([key, value]) => [rename(key), value]));
  }

  /** The feature map with the channels of the pyramid. @param idx The level, counted from the end if negative. */
  getResultFromInnerBlocks(x: Tensor, idx: number): Tensor {
    return blockAt("getResultFromInnerBlocks", this.innerBlocks, x, idx);
  }

  /** The level of the pyramid. @param idx The level, counted from the end if negative. */
  getResultFromLayerBlocks(x: Tensor, idx: number): Tensor {
    return blockAt("getResultFromLayerBlocks", this.layerBlocks, x, idx);
  }

  override forward(x: FeatureMaps): Record<string, Tensor> {
    const [names, maps] = this.#read(x);
    let inner = this.getResultFromInnerBlocks(maps.at(-1)!, -1);
    const levels = [this.getResultFromLayerBlocks(inner, -1)];
    for (let i = maps.length - 2; i >= 0; i--) {
      const lateral = this.getResultFromInnerBlocks(maps[i]!, i);
      inner = lateral.add(nn.functional.interpolate(inner, { size: lateral.shape.slice(-2), mode: "nearest" }));
      levels.unshift(this.getResultFromLayerBlocks(inner, i));
    }
    const [all, allNames] = this.extraBlocks === null ? [levels, names] : this.extraBlocks(levels, maps, names);
    return Object.fromEntries(allNames.map((name, i) => [name, all[i]!]));
  }

  #read(x: unknown): [names: string[], maps: Tensor[]] {
    const layer = classNameOf(this);
    if (!isPlainObject(x)) throw new ArgumentError(`${layer}: takes an object of feature maps, got ${describe(x)}`);
    const names = Object.keys(x);
    if (names.length === 0 || names.length > this.innerBlocks.length)
      throw new ShapeError(`${layer}: takes 1 to ${this.innerBlocks.length} feature maps, got ${names.length}`);
    return [names, names.map((name) => checkTensor(layer, x[name], name))];
  }
}

takes("x, y, names", LastLevelMaxPool);
takes("p, c, names", LastLevelP6P7);
takes("x{}", FeaturePyramidNetwork);
declareMethods(FeaturePyramidNetwork, { getResultFromInnerBlocks: "x, idx", getResultFromLayerBlocks: "x, idx" });
