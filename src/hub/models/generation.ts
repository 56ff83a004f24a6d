/** Models that continue texts. */

import { noGrad } from "../../autograd/mode";
import { checkFlag, checkInteger, checkNumber, MAX_COUNT } from "../../core/arguments";
import { ArgumentError, checkOptions, describe, ShapeError, ValueError } from "../../core/errors";
import type { Generator as RandomGenerator } from "../../core/generator";
import { shapeText } from "../../core/shape";
import { declareMethods } from "../../core/signature";
import type { Arguments } from "../../core/signatureTypes";
import { checkTensor } from "../../ops/builders/checks";
import { multinomial } from "../../ops/random/fill";
import { cat } from "../../ops/shape/join";
import { nextTurn } from "../../platform/platform";
import { tensor } from "../../tensor/create";
import { type Tensor, tidy } from "../../tensor/tensor";
import { PretrainedModel } from "./config";

/** Keys and values of every layer for the positions so far. Shape of each: [N, heads, S, size]. */
export type KeyValueCache = readonly (readonly [key: Tensor, value: Tensor])[];

/** What calls of language models take beside the tokens. */
export interface CausalOptions {
  /** 1 for tokens, 0 for padding, also of the positions in the cache. Shape: [N, S]. */
  attentionMask?: Tensor | null;
  /** Places in the text. Shape: [N, L]. Default: those after the cache, or counted by the mask. */
  positionIds?: Tensor | null;
  /** What an earlier call gave. */
  pastKeyValues?: KeyValueCache | null;
}

/** What language models compute. */
export interface CausalOutput {
  /** Scores of the next tokens. Shape: [N, L, vocabulary]. */
  readonly logits: Tensor;
  /** For the next call. */
  readonly pastKeyValues: KeyValueCache;
}

/** Options of {@link CausalLM.generate}. */
export interface GenerateOptions {
  /** Tokens to add at most. Default: 20. */
  maxNewTokens?: number;
  /** Whether tokens are drawn; else the likeliest is taken. Default: false. */
  doSample?: boolean;
  /** What scores are divided by before they are drawn from. Default: 1. */
  temperature?: number;
  /** Draw from so many of the likeliest; 0 for all. Default: 50, as in transformers. */
  topK?: number;
  /** Draw from the fewest of the likeliest that have this probability together. Default: 1, all. */
  topP?: number;
  /** The tokens that end a text. Default: that of the config. */
  eosTokenId?: number | readonly number[] | null;
  /** What follows the end of a text while others go on. Default: the first of eosTokenId. */
  padTokenId?: number | null;
  /** 1 for tokens, 0 for padding, which comes first. Shape: [N, L]. */
  attentionMask?: Tensor | null;
  /** Keep keys and values of earlier tokens instead of computing them again. Default: true. */
  useCache?: boolean;
  /** Where random numbers come from. Default: the global generator. */
  generator?: RandomGenerator | null;
}

const signature =
  "inputIds; maxNewTokens, doSample, temperature, topK, topP, eosTokenId, padTokenId, attentionMask, useCache, generator";

/** What {@link CausalLM.generate} takes by name. */
export interface GenerateParameters extends GenerateOptions {
  inputIds: Tensor;
}

interface Settings {
  readonly maxNewTokens: number;
  readonly doSample: boolean;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly ends: readonly number[];
  readonly pad: number;
  readonly useCache: boolean;
  readonly generator: RandomGenerator | undefined;
}

function settingsOf(op: string, options: GenerateOptions, fromConfig: unknown): Settings {
  const { maxNewTokens = 20, doSample = false, temperature = 1, topK = 50, topP = 1, useCache = true } = options;
  checkInteger(op, "maxNewTokens", maxNewTokens, 1, MAX_COUNT);
  checkInteger(op, "topK", topK, 0, MAX_COUNT);
  if (!(checkNumber(op, "temperature", temperature) > 0))
    throw new ValueError(
      `${op}: temperature must be positive, got ${temperature}; leave doSample out to take the likeliest`,
    );
  if (!(checkNumber(op, "topP", topP) > 0 && topP <= 1))
    throw new ValueError(`${op}: topP must be above 0 and at most 1, got ${topP}`);
  checkFlag(op, "doSample", doSample);
  checkFlag(op, "useCache", useCache);
  const given = options.eosTokenId === undefined ? (fromConfig ?? null) : options.eosTokenId;
  const ends = (given === null ? [] : Array.isArray(given) ? given : [given]) as number[];
  for (const end of ends) checkInteger(op, "eosTokenId", end, 0, MAX_COUNT);
  const pad = options.padTokenId ?? ends[0] ?? 0;
  checkInteger(op, "padTokenId", pad, 0, MAX_COUNT);
  return {
    maxNewTokens,
    doSample,
    temperature,
    topK,
    topP,
    ends,
    pad,
    useCache,
    generator: options.generator ?? undefined,
  };
}

/** The probabilities of tokens that may be drawn: the others have none. */
export function filteredProbabilities(
  scores: ArrayLike<number>,
  temperature: number,
  topK: number,
  topP: number,
): Float32Array {
  const heated = Float64Array.from(scores, (score) => score / temperature);
  const order = Array.from(heated, (_, i) => i).sort((a, b) => heated[b]! - heated[a]!);
  // What is as likely as the last of the best stays too, as in transformers.
  const least = topK > 0 && topK < order.length ? heated[order[topK - 1]!]! : Number.NEGATIVE_INFINITY;
  const kept = order.filter((i) => heated[i]! >= least);
  const highest = heated[order[0]!]!;
  const sum = kept.reduce((total, i) => total + Math.exp(heated[i]! - highest), 0);
  const probabilities = new Float32Array(heated.length);
  let before = 0;
  for (const i of kept) {
    if (before >= topP) break;
    const p = Math.exp(heated[i]! - highest) / sum;
    probabilities[i] = p;
    before += p;
  }
  return probabilities;
}

/** The next token of every text. */
function choose(scores: Tensor, { doSample, temperature, topK, topP, generator }: Settings): number[] {
  if (!doSample) return scores.argmax(-1).tolist() as number[];
  const rows = scores.tolist() as number[][];
  const probabilities = rows.map((row) => filteredProbabilities(row, temperature, topK, topP));
  const weights = tensor(probabilities.map((row) => [...row]));
  const drawn = multinomial(weights, 1, generator === undefined ? {} : { generator });
  return (drawn.tolist() as number[][]).map(([token]) => token!);
}

/** A model that gives scores of the next tokens. */
export abstract class CausalLM extends PretrainedModel {
  /** The longest text, or undefined where there is no limit. */
  abstract readonly contextLength: number | undefined;

  abstract override forward(inputIds: Tensor, options?: CausalOptions): CausalOutput;

  /**
   * The next tokens, as they come: one for each text. The model should be in evaluation mode.
   * @throws ValueError for a text that would grow longer than the model can see.
   * @example for await (const [token] of model.stream(ids)) process.stdout.write(tokenizer.decode([token]));
   */
  stream(inputIds: Tensor, options?: GenerateOptions): AsyncGenerator<number[], void, void>;
  stream(...given: Arguments<typeof signature, GenerateParameters>): AsyncGenerator<number[], void, void>;
  stream(inputIds: any, options: any = {}): AsyncGenerator<number[], void, void> {
    return this.steps("stream", inputIds, options);
  }

  /**
   * The texts with what the model adds. Shape: [N, L] → [N, at most L + maxNewTokens].
   * @see transformers.GenerationMixin.generate
   * @throws ValueError for a text that would grow longer than the model can see.
   */
  generate(inputIds: Tensor, options?: GenerateOptions): Promise<Tensor>;
  generate(...given: Arguments<typeof signature, GenerateParameters>): Promise<Tensor>;
  async generate(inputIds: any, options: any = {}): Promise<Tensor> {
    const steps: number[][] = [];
    for await (const step of this.steps("generate", inputIds, options)) steps.push(step);
    return tidy(() => cat([inputIds, tensor(steps, { dtype: inputIds.dtype as "int64" }).t()], 1));
  }

  private async *steps(op: string, inputIds: Tensor, options: GenerateOptions): AsyncGenerator<number[], void, void> {
    const settings = settingsOf(op, options, this.config.eosTokenId);
    const length = this.checkPrompt(op, inputIds, settings.maxNewTokens);
    let ids = inputIds.tolist() as number[][];
    let mask =
      options.attentionMask == null
        ? undefined
        : (checkMask(op, options.attentionMask, inputIds).tolist() as number[][]);
    let past: KeyValueCache = [];
    const done = ids.map(() => false);
    try {
      for (let step = 0; step < settings.maxNewTokens; step++) {
        const seen = settings.useCache && step > 0 ? ids.map((row) => row.slice(length + step - 1)) : ids;
        const [tokens, next] = this.step(seen, mask, past, settings);
        release(past);
        past = next;
        const chosen = tokens.map((token, i) => (done[i] ? settings.pad : token));
        yield chosen;
        chosen.forEach((token, i) => {
          done[i] ||= settings.ends.includes(token);
        });
        if (done.every(Boolean)) return;
        ids = ids.map((row, i) => [...row, chosen[i]!]);
        mask = mask?.map((row) => [...row, 1]);
        await nextTurn();
      }
    } finally {
      release(past);
    }
  }

  /** One call: the tokens that follow, and the cache. */
  private step(
    ids: number[][],
    mask: number[][] | undefined,
    past: KeyValueCache,
    settings: Settings,
  ): [tokens: number[], past: KeyValueCache] {
    let tokens: number[] = [];
    const kept = tidy(() =>
      noGrad(() => {
        const attentionMask = mask === undefined ? null : tensor(mask, { dtype: "int64" });
        const pastKeyValues = past.length === 0 ? null : past;
        const { logits, pastKeyValues: next } = this.forward(tensor(ids, { dtype: "int64" }), {
          attentionMask,
          pastKeyValues,
        });
        tokens = choose(logits.select(1, logits.shape[1]! - 1), settings);
        return settings.useCache ? next.flat() : [];
      }),
    );
    return [tokens, Array.from({ length: kept.length / 2 }, (_, i) => [kept[2 * i]!, kept[2 * i + 1]!] as const)];
  }

  private checkPrompt(op: string, inputIds: unknown, count: number): number {
    const { shape, dtype } = checkTensor(op, inputIds, "inputIds");
    if (shape.length !== 2 || shape[0] === 0 || shape[1] === 0 || (dtype !== "int64" && dtype !== "int32"))
      throw new ShapeError(
        `${op}: inputIds must be int64 of shape [N, L] with at least one token, got ${dtype} of ${shapeText(shape)}`,
      );
    const length = shape[1]!;
    if (this.contextLength !== undefined && length + count - 1 > this.contextLength)
      throw new ValueError(
        `${op}: ${length} tokens and ${count} new ones are more than the ${this.contextLength} that the model sees: shorten inputIds, or lower maxNewTokens`,
      );
    return length;
  }
}

declareMethods(CausalLM, { generate: signature, stream: signature });

const release = (past: KeyValueCache): void => {
  for (const pair of past) for (const x of pair) x.dispose();
};

/** @throws ShapeError unless the mask goes with the tokens, and those of the cache. */
export function checkMask(op: string, mask: unknown, inputIds: Tensor, past = 0): Tensor {
  const { shape } = checkTensor(op, mask, "attentionMask");
  if (shape.length !== 2 || shape[0] !== inputIds.shape[0] || shape[1] !== inputIds.shape[1]! + past)
    throw new ShapeError(
      `${op}: attentionMask must have the shape [${inputIds.shape[0]}, ${inputIds.shape[1]! + past}], got ${shapeText(shape)}`,
    );
  return mask as Tensor;
}

/** What a call of a language model is about. */
export interface Call {
  readonly mask: Tensor | null;
  readonly positions: Tensor;
  readonly past: KeyValueCache | null;
  /** Positions in the cache. */
  readonly before: number;
}

/** The options of a call with their defaults. @throws ArgumentError, ShapeError or ValueError for what does not go together. */
export function readCall(op: string, inputIds: Tensor, options: CausalOptions, layers: number, limit: number): Call {
  checkTensor(op, inputIds, "inputIds");
  checkOptions(op, options, ["attentionMask", "positionIds", "pastKeyValues"]);
  if (inputIds.ndim !== 2)
    throw new ShapeError(`${op}: inputIds must have the shape [N, L], got ${shapeText(inputIds.shape)}`);
  const past = options.pastKeyValues ?? null;
  if (past !== null && (!Array.isArray(past) || past.length !== layers))
    throw new ArgumentError(
      `${op}: pastKeyValues must be those of ${layers} layers, as an earlier call gave them, got ${describe(past)}`,
    );
  const before = past === null ? 0 : checkTensor(op, past[0]?.[0], "pastKeyValues[0][0]").shape[2]!;
  const length = inputIds.shape[1]!;
  if (before + length > limit)
    throw new ValueError(`${op}: ${before + length} positions are more than the ${limit} that the model sees`);
  const mask = options.attentionMask == null ? null : checkMask(op, options.attentionMask, inputIds, before);
  const given = options.positionIds;
  if (given != null) return { mask, positions: checkTensor(op, given, "positionIds"), past, before };
  const counted = mask?.long().cumsum(-1).sub(1).clamp(0).narrow(1, before, length);
  const positions = counted ?? tensor([Array.from({ length }, (_, i) => before + i)], { dtype: "int64" });
  return { mask, positions, past, before };
}
