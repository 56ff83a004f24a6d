/** Whole modules: written as PyTorch pickles objects of classes, and made again of classes that are known. */

import { isPlainObject } from "../../core/binding";
import { classNameOf } from "../../core/className";
import { ArgumentError, FormatError } from "../../core/errors";
import { camelCase, snakeCase } from "../../core/snakeCase";
import * as layers from "../../nn/index";
import { Module } from "../../nn/module/module";
import { Parameter } from "../../nn/module/parameter";
import { Tensor } from "../../tensor/tensor";
import type { Pickler } from "./pickler";

type ModuleClass = abstract new (...args: any[]) => Module;

/** Classes by name. */
export type ModuleClasses = Readonly<Record<string, ModuleClass>>;

/** Where PyTorch has its layers: names of classes by the file. */
const files: Readonly<Record<string, string>> = {
  pooling:
    "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d AvgPool1d AvgPool2d AvgPool3d FractionalMaxPool2d FractionalMaxPool3d LPPool1d LPPool2d MaxPool1d MaxPool2d MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d",
  adaptive: "AdaptiveLogSoftmaxWithLoss",
  dropout: "AlphaDropout Dropout Dropout1d Dropout2d Dropout3d FeatureAlphaDropout",
  loss: "BCELoss BCEWithLogitsLoss CTCLoss CosineEmbeddingLoss CrossEntropyLoss GaussianNLLLoss HingeEmbeddingLoss HuberLoss KLDivLoss L1Loss MSELoss MarginRankingLoss MultiLabelMarginLoss MultiLabelSoftMarginLoss MultiMarginLoss NLLLoss NLLLoss2d PoissonNLLLoss SmoothL1Loss SoftMarginLoss TripletMarginLoss TripletMarginWithDistanceLoss",
  batchnorm: "BatchNorm1d BatchNorm2d BatchNorm3d LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d SyncBatchNorm",
  linear: "Bilinear Identity LazyLinear Linear",
  activation:
    "CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid LogSoftmax Mish MultiheadAttention PReLU RReLU ReLU ReLU6 SELU SiLU Sigmoid Softmax Softmax2d Softmin Softplus Softshrink Softsign Tanh Tanhshrink Threshold",
  channelshuffle: "ChannelShuffle",
  padding:
    "ConstantPad1d ConstantPad2d ConstantPad3d ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d ZeroPad2d",
  container: "Container ModuleDict ModuleList ParameterDict ParameterList Sequential",
  conv: "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d LazyConv1d LazyConv2d LazyConv3d LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d",
  distance: "CosineSimilarity PairwiseDistance",
  normalization: "CrossMapLRN2d GroupNorm LayerNorm LocalResponseNorm",
  sparse: "Embedding EmbeddingBag",
  flatten: "Flatten Unflatten",
  fold: "Fold Unfold",
  rnn: "GRU GRUCell LSTM LSTMCell RNN RNNBase RNNCell RNNCellBase",
  instancenorm: "InstanceNorm1d InstanceNorm2d InstanceNorm3d LazyInstanceNorm1d LazyInstanceNorm2d LazyInstanceNorm3d",
  module: "Module",
  pixelshuffle: "PixelShuffle PixelUnshuffle",
  transformer: "Transformer TransformerDecoder TransformerDecoderLayer TransformerEncoder TransformerEncoderLayer",
  upsampling: "Upsample UpsamplingBilinear2d UpsamplingNearest2d",
};

const NN = "torch.nn.modules.";
/** PyTorch's names of the fields of every module that are none of ours. */
const HOOKS = [
  "_backward_hooks",
  "_forward_hooks",
  "_forward_pre_hooks",
  "_state_dict_hooks",
  "_load_state_dict_pre_hooks",
  "_load_state_dict_post_hooks",
];
const isOwn = (name: string): boolean =>
  !/^_(backward|forward|state_dict|load_state_dict)_.*(hooks|hooks_\w+)$|^_(non_persistent_buffers_set|is_full_backward_hook|parameters|buffers|modules|version)$/.test(
    name,
  );

const fileOf = (name: string): string | undefined =>
  Object.entries(files).find(([, names]) => names.split(" ").includes(name))?.[0];

/** The class of the library's `nn` of a name. */
function layerOf(name: string): ModuleClass | undefined {
  const found: unknown = Object.hasOwn(layers, name) ? (layers as Record<string, unknown>)[name] : undefined;
  return typeof found === "function" && found.prototype instanceof Module ? (found as ModuleClass) : undefined;
}

/** Classes that objects in a file may be of. */
export class Classes {
  /** @throws ArgumentError unless all are classes of modules. */
  constructor(
    op: string,
    private readonly given: ModuleClasses,
  ) {
    for (const [name, type] of Object.entries(given))
      if (typeof type !== "function" || !(type.prototype instanceof Module))
        throw new ArgumentError(`${op}: classes: ${name} must be a class that extends nn.Module`);
  }

  /** The class of a Python name: one of PyTorch's layers, or one that was given, by its own name without that of its module. */
  private find(name: string): { type: ModuleClass; isLayer: boolean } | undefined {
    const short = name.slice(name.lastIndexOf(".") + 1);
    const given = Object.hasOwn(this.given, short) ? this.given[short] : undefined;
    if (given !== undefined) return { type: given, isLayer: false };
    const type = name.startsWith(NN) ? layerOf(short) : undefined;
    return type && { type, isLayer: true };
  }

  has(name: string): boolean {
    return this.find(name) !== undefined;
  }

  /** A module with the fields that the file has. Its constructor is not run: what it would set up is in the file. */
  make(path: string, name: string, state: ReadonlyMap<unknown, unknown>): Module {
    const { type, isLayer } = this.find(name)!;
    const module = Reflect.construct(Module, [], type) as Module;
    const field = (key: string): string => (isLayer && snakeCase(camelCase(key)) === key ? camelCase(key) : key);
    const fail = (why: string): never => {
      throw new FormatError(`"${path}" cannot be read: a module of ${name} ${why}`);
    };
    const set = (key: string, value: unknown) => {
      if (key in module && !Object.hasOwn(module, key)) fail(`has a field ${JSON.stringify(key)}, which is a method`);
      Object.defineProperty(module, key, { value, writable: true, enumerable: true, configurable: true });
    };
    for (const [key, value] of entriesOf(state.get("_parameters"), fail)) {
      if (value !== null && !(value instanceof Parameter)) fail(`has a parameter ${key} that is none`);
      set(field(key), value);
    }
    const hidden = state.get("_non_persistent_buffers_set");
    for (const [key, value] of entriesOf(state.get("_buffers"), fail)) {
      if (value !== null && !(value instanceof Tensor)) fail(`has a buffer ${key} that is none`);
      module.registerBuffer(field(key), value as Tensor | null, {
        persistent: !(hidden instanceof Set && hidden.has(key)),
      });
    }
    for (const [key, value] of entriesOf(state.get("_modules"), fail)) {
      if (value !== null && !(value instanceof Module)) fail(`has a module ${key} that is none`);
      set(field(key), value);
    }
    for (const [key, value] of state) if (typeof key === "string" && isOwn(key)) set(field(key), value);
    return module;
  }
}

/** The entries of a dict of a module's state. */
function entriesOf(dict: unknown, fail: (why: string) => never): [string, unknown][] {
  if (dict === undefined) return [];
  const entries = dict instanceof Map ? [...dict] : isPlainObject(dict) ? Object.entries(dict) : fail("is damaged");
  for (const [key] of entries) if (typeof key !== "string") fail("has a field whose name is no text");
  return entries as [string, unknown][];
}

/** Writes a module as PyTorch writes an object of its class. @returns False for what is no module. */
export function writeModule(pickler: Pickler, value: object, path: string, depth: number): boolean {
  if (!(value instanceof Module)) return false;
  const name = classNameOf(value);
  if (name === "") pickler.fail(path, "is a module of a class without a name, which load could not find again");
  const file = layerOf(name) === value.constructor ? fileOf(name) : undefined;
  const isLayer = layerOf(name) === value.constructor;
  const { out } = pickler;
  out.global(isLayer ? `${NN}${file ?? "kindling"}` : "__main__", name);
  out.tuple([]);
  // NEWOBJ, and what it makes is kept before its state, in which it may occur.
  out.code(0x81);
  out.keep(value);
  const state = stateOf(value, isLayer);
  pickler.write(state, path, depth + 1);
  out.code(0x62);
  return true;
}

/** The state of a module as PyTorch has it. */
function stateOf(module: Module, isLayer: boolean): Record<string, unknown> {
  const key = (field: string): string => (isLayer && camelCase(snakeCase(field)) === field ? snakeCase(field) : field);
  const buffers = module.bufferFields();
  const parts = {
    _parameters: new Map<string, unknown>(),
    _buffers: new Map<string, unknown>(),
    _modules: new Map<string, unknown>(),
  };
  const own: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(module)) {
    if (buffers.has(field)) parts._buffers.set(key(field), value);
    else if (value instanceof Parameter) parts._parameters.set(key(field), value);
    else if (value instanceof Module) parts._modules.set(key(field), value);
    else own[key(field)] = value;
  }
  const hidden = [...buffers].filter(([, isPersistent]) => !isPersistent).map(([field]) => key(field));
  const hooks = Object.fromEntries(HOOKS.map((name) => [name, {}]));
  return { ...own, ...parts, ...hooks, _non_persistent_buffers_set: new Set(hidden), _is_full_backward_hook: null };
}
