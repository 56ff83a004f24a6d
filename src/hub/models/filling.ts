/** Fills a model with the tensors of files, one after the other: there is one copy of the model in memory, and one tensor. */
import { noGrad } from "../../autograd/mode";
import { StateError } from "../../core/errors";
import { setOwn } from "../../core/record";
import { sameShape, shapeText } from "../../core/shape";
import type { TensorSource } from "../../io/tensorSource";
import type { StateDict } from "../../nn/module/state";
import { zeros } from "../../tensor/create";
import { type Tensor, tidy } from "../../tensor/tensor";
import type { ModelConfig, PretrainedModel, Shapes } from "./config";

/** What the names of a file mean to a model. */
export interface Mapped {
  /** The shape of each entry of the model's state that the file has. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** The entries that each tensor of the file fills. */
  readonly targets: ReadonlyMap<string, readonly string[]>;
}

/** A tensor of any shape that needs no memory. */
const placeholder = (shape: readonly number[]): Tensor => zeros([1]).expand(shape.length === 0 ? [1] : [...shape]);

/** A model of a class without any memory, which only knows names. Its config has no defaults. */
export function namesOnly(prototype: PretrainedModel, config: ModelConfig): PretrainedModel {
  const probe = Object.create(prototype) as PretrainedModel;
  Object.defineProperty(probe, "config", { value: config });
  return probe;
}

/** Maps the names, and the layouts, of each tensor by itself. What is filled by a tensor of its own is not filled by one that it may be tied to. */
export function mapNames(model: PretrainedModel, { shapes }: TensorSource): Mapped {
  const found = new Map<string, readonly number[]>();
  const all = new Map<string, string[]>();
  const firsts = new Set<string>();
  for (const [name, shape] of shapes)
    tidy(() => {
      const entries = Object.entries(model.fromHuggingFace(single(name, placeholder(shape))));
      for (const [key, x] of entries) found.set(key, shape.length === 0 ? [] : [...x.shape]);
      all.set(
        name,
        entries.map(([key]) => key),
      );
      if (entries.length > 0) firsts.add(entries[0]![0]);
    });
  const targets = new Map(
    [...all].map(([name, keys]) => [name, keys.filter((key, i) => i === 0 || !firsts.has(key))] as const),
  );
  return { shapes: found, targets };
}

function single(name: string, x: Tensor): StateDict {
  const state: StateDict = {};
  setOwn(state, name, x);
  return state;
}

/** @throws StateError unless the sizes in the config are those of the tensors: nothing is allocated for a config that lies. */
export function checkSizes(op: string, path: string, asked: Shapes, { shapes }: Mapped): void {
  for (const [key, shape] of Object.entries(asked)) {
    const found = shapes.get(key);
    if (found === undefined) throw new StateError(`${op}: "${path}" asks for "${key}", which the weights do not have`);
    if (!sameShape(found, shape))
      throw new StateError(
        `${op}: "${path}" asks for "${key}" of shape ${shapeText(shape)}, the weights have ${shapeText(found)}`,
      );
  }
}

/** @throws StateError as loadStateDict does, before anything is read, for names that are missing or unexpected and sizes that differ. */
export function checkNames(what: string, model: PretrainedModel, { shapes }: Mapped, strict: boolean): void {
  try {
    tidy(() => {
      const state: StateDict = {};
      for (const [key, shape] of shapes) setOwn(state, key, placeholder(shape));
      model.loadStateDict(state, { strict });
    });
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    throw new StateError(`${what}: ${error.message}`, { cause: error });
  }
}

/** Reads the tensors into the model. Names and sizes have been checked. */
export async function fill(model: PretrainedModel, { targets }: Mapped, weights: TensorSource): Promise<void> {
  const state = model.stateDict();
  const order = new Map(Object.keys(state).map((key, i) => [key, i]));
  const placeOf = (name: string) => order.get(targets.get(name)![0]!) ?? -1;
  // Where two tensors fill one parameter the later of the model's entries wins, as in loadStateDict.
  const names = [...targets.keys()].filter((name) => targets.get(name)!.some((key) => order.has(key)));
  names.sort((a, b) => placeOf(a) - placeOf(b));
  for (const name of names) {
    const given = await weights.read(name);
    tidy(() =>
      noGrad(() => {
        for (const [key, x] of Object.entries(model.fromHuggingFace(single(name, given)))) {
          const target = targets.get(name)!.includes(key) ? state[key] : undefined;
          if (target !== undefined) target.copy_(target.ndim === 0 && x.ndim === 1 ? x.select(0, 0) : x);
        }
      }),
    );
    given.dispose();
  }
  for (const x of Object.values(state)) x.dispose();
}
