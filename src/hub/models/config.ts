/** What a config.json says, and what models have in common. */
import { isKeyOf, MAX_COUNT } from "../../core/arguments";
import { isPlainObject } from "../../core/binding";
import { ArgumentError, describe, ValueError } from "../../core/errors";
import * as nn from "../../nn/index";
import { MAX_LAYERS } from "../../nn/module/options";
import type { StateDict } from "../../nn/module/state";
import { tensor } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";

/** The entries of a config.json in camelCase, with the defaults of transformers for what is left out. */
export type ModelConfig = Record<string, unknown>;

/** The lengths of a tensor that a state dict must have. */
export type Shapes = Readonly<Record<string, readonly number[]>>;

/** `n_embd` → `nEmbd`. */
export const camelCase = (key: string): string => key.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());

/** The entries that count layers, which are built one by one. */
const layerCounts = new Set(["nLayer", "numHiddenLayers"]);

/**
 * What was given over the defaults, whose kinds it must be of; other entries are kept as they are.
 * @throws ArgumentError or ValueError naming the entry.
 */
export function readConfig<C extends object>(model: string, given: unknown, defaults: C): C & ModelConfig {
  if (!isPlainObject(given)) throw new ArgumentError(`${model}: config must be an object, got ${describe(given)}`);
  const config: Record<string, unknown> = { ...(defaults as Record<string, unknown>) };
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (Object.hasOwn(defaults, key)) checkEntry(model, key, value, (defaults as Record<string, unknown>)[key]);
    if (key !== "__proto__") config[key] = value;
  }
  return config as C & ModelConfig;
}

function checkEntry(model: string, key: string, value: unknown, fallback: unknown): void {
  if (fallback === null) return;
  if (typeof value !== typeof fallback)
    throw new ArgumentError(`${model}: ${key} must be a ${typeof fallback}, got ${describe(value)}`);
  if (typeof fallback !== "number") return;
  const isCount = Number.isInteger(fallback) && fallback > 0;
  const most = layerCounts.has(key) ? MAX_LAYERS : MAX_COUNT;
  if (isCount && !(Number.isInteger(value) && (value as number) > 0 && (value as number) <= most))
    throw new ValueError(`${model}: ${key} must be an integer from 1 to ${most}, got ${value}`);
  if (!isCount && !Number.isFinite(value)) throw new ValueError(`${model}: ${key} must be finite, got ${value}`);
}

/** @throws ValueError unless the heads share the features evenly. */
export function headSize(model: string, features: number, heads: number): number {
  if (features % heads !== 0)
    throw new ValueError(`${model}: ${features} features cannot be shared by ${heads} heads evenly`);
  return features / heads;
}

const tanhGelu = (x: Tensor): Tensor => nn.functional.gelu(x, { approximate: "tanh" });

/** transformers' activations by name. */
const activations: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  gelu: (x) => nn.functional.gelu(x),
  gelu_new: tanhGelu,
  gelu_pytorch_tanh: tanhGelu,
  gelu_fast: tanhGelu,
  quick_gelu: (x) => x.mul(x.mul(1.702).sigmoid()),
  relu: (x) => x.relu(),
  silu: (x) => nn.functional.silu(x),
  swish: (x) => nn.functional.silu(x),
  tanh: (x) => x.tanh(),
  sigmoid: (x) => x.sigmoid(),
};

/** @throws ValueError for an unknown name, with those that are known. */
export function activationOf(model: string, name: string): (x: Tensor) => Tensor {
  if (!isKeyOf(activations, name))
    throw new ValueError(
      `${model}: there is no activation "${name}"; known are ${Object.keys(activations).join(", ")}`,
    );
  return activations[name]!;
}

/** What all of these models are. */
export abstract class PretrainedModel extends nn.Module {
  abstract readonly config: ModelConfig;

  override stateKey(field: string): string {
    return nn.snakeCase(field);
  }

  /** @internal The names and layouts of Hugging Face in those of the model. */
  fromHuggingFace(state: StateDict): StateDict {
    return state;
  }

  /** @internal The state in Hugging Face's names and layouts. What is tied to another entry is left out, as safetensors ask for. */
  toHuggingFace(): StateDict {
    return this.stateDict();
  }
}

/** Layers whose fields have Hugging Face's names in camelCase. */
export abstract class Layer extends nn.Module {
  override stateKey(field: string): string {
    return field === "LayerNorm" ? field : nn.snakeCase(field);
  }
}

/** transformers' initial values: normal matrices, biases of zero. */
export function initialize(module: nn.Module, deviation: number): void {
  module.apply((inner) => {
    if (!(inner instanceof nn.Linear || inner instanceof nn.Embedding || inner instanceof nn.Conv2d)) return;
    nn.init.normal_(inner.weight, 0, deviation);
    if ("bias" in inner && inner.bias !== null) nn.init.zeros_(inner.bias as nn.Parameter);
  });
}

/** What is added to scores that do not count: the lowest float32, which leaves rows without any finite. */
const LOWEST = -3.4028234663852886e38;

/**
 * What is added to the scores of attention; null where all count. Shape: [N, 1, L, S] or [L, S].
 * @param mask 1 for keys that count. Shape: [N, S].
 * @param isCausal Whether the L queries are the last of S positions, of which none sees a later one.
 */
export function scoreMask(
  mask: Tensor | null,
  length: number,
  keys: number,
  isCausal: boolean,
  like: Tensor,
): Tensor | null {
  let forbidden: Tensor | null = mask === null ? null : mask.eq(0).unsqueeze(1).unsqueeze(1);
  if (isCausal && length > 1) {
    const rows = Array.from({ length }, (_, i) => Array.from({ length: keys }, (_, j) => j > i + keys - length));
    const later = tensor(rows, { device: like.device });
    forbidden = forbidden === null ? later : forbidden.logicalOr(later);
  }
  return forbidden === null ? null : forbidden.to(like.dtype).mul(LOWEST);
}

/** [N, L, heads · size] → [N, heads, L, size]. */
export const toHeads = (x: Tensor, heads: number): Tensor =>
  x.reshape(x.shape[0]!, x.shape[1]!, heads, x.shape[2]! / heads).transpose(1, 2);

/** [N, heads, L, size] → [N, L, heads · size]. */
export const fromHeads = (x: Tensor): Tensor => x.transpose(1, 2).flatten(2);
