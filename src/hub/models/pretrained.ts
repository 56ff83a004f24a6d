/** Models in Hugging Face's layout: a folder with config.json and the weights. */

import { isPlainObject } from "../../core/binding";
import { classNameOf } from "../../core/className";
import { ArgumentError, describe, FormatError, KindlingError } from "../../core/errors";
import { snakeCase } from "../../core/snakeCase";
import { saveFile } from "../../io/lazySafetensors";
import { save } from "../../io/safetensors";
import { openIndexed, type TensorSource } from "../../io/tensorSource";
import type { StateDict } from "../../nn/module/state";
import {
  absolute,
  expandHome,
  hasFile,
  isRemote,
  joinPath,
  keptFile,
  makeFolder,
  readText,
  writeData,
} from "../../platform/dataFiles";
import { DownloadError, download } from "../../platform/download";
import { runtime } from "../../platform/platform";
import { getDir } from "../directory";
import { openWeights } from "../weights";
import { BertForMaskedLM, BertForSequenceClassification, BertModel } from "./bert";
import { camelCase, type ModelConfig, PretrainedModel, type Shapes } from "./config";
import { checkNames, checkSizes, fill, mapNames, namesOnly } from "./filling";
import { GPT2LMHeadModel, GPT2Model } from "./gpt2";
import { LlamaForCausalLM, LlamaModel } from "./llama";
import { ViTForImageClassification, ViTModel } from "./vit";

interface Architecture {
  new (config: any): PretrainedModel;
  shapes(config: any): Shapes;
}

/** The classes by transformers' names. */
const architectures = new Map<string, Architecture>(
  Object.entries({
    GPT2Model,
    GPT2LMHeadModel,
    BertModel,
    BertForMaskedLM,
    BertForPreTraining: BertForMaskedLM,
    BertForSequenceClassification,
    ViTModel,
    ViTForImageClassification,
    LlamaModel,
    LlamaForCausalLM,
    MistralForCausalLM: LlamaForCausalLM,
    Qwen2ForCausalLM: LlamaForCausalLM,
  }),
);

/** What a config.json without `architectures` is of. */
const byType: Readonly<Record<string, string>> = {
  gpt2: "GPT2LMHeadModel",
  bert: "BertModel",
  vit: "ViTModel",
  llama: "LlamaForCausalLM",
};

export interface ReadOptions {
  readonly architecture: string | null;
  readonly strict: boolean;
  readonly modelDir: string | null;
  readonly progress: boolean;
}

/** The files of a folder: on a disk, or on a server from where they are downloaded once. */
class Folder {
  private readonly base: string;
  private readonly isServer: boolean;

  constructor(
    private readonly op: string,
    source: string,
    private readonly options: ReadOptions,
  ) {
    this.isServer = /^https?:/i.test(source) || runtime === "browser";
    this.base = (this.isServer ? absolute(source) : expandHome(source)).replace(/[/\\]+$/, "");
  }

  /** Where a file lies, or undefined if there is none. @throws KindlingError if the server cannot be reached. */
  async find(name: string): Promise<string | undefined> {
    if (!this.isServer) {
      const path = joinPath(this.base, name);
      return (await hasFile(path)) ? path : undefined;
    }
    const { modelDir, progress } = this.options;
    const own = this.base.replace(/^https?:\/\//i, "").replace(/[^\w.-]+/g, "--");
    const path = joinPath(modelDir === null ? joinPath(getDir(), "pretrained") : expandHome(modelDir), own, name);
    try {
      await download(this.op, `${this.base}/${name}`, path, { progress });
      return absolute(path);
    } catch (error) {
      if (error instanceof DownloadError && /answered 40[34]/.test(error.message)) return undefined;
      throw error;
    }
  }

  async need(name: string, hint: string): Promise<string> {
    const path = await this.find(name);
    if (path === undefined) throw new KindlingError(`${this.op}: there is no ${name} in "${this.base}"${hint}`);
    return path;
  }
}

async function readObject(op: string, path: string): Promise<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(await readText(op, path));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new FormatError(`${op}: "${path}" is no JSON: ${error.message}`, { cause: error });
  }
  if (!isPlainObject(value)) throw new FormatError(`${op}: "${path}" must hold an object, got ${describe(value)}`);
  return value as Record<string, unknown>;
}

/** All tensors, in one file or in shards. */
async function openAll(op: string, folder: Folder): Promise<TensorSource> {
  for (const name of ["model.safetensors", "pytorch_model.bin"]) {
    const whole = await folder.find(name);
    if (whole !== undefined) return await openWeights(op, whole);
    const index = await folder.find(`${name}.index.json`);
    if (index === undefined) continue;
    const open = async (shard: string) => openWeights(op, await folder.need(shard, ", which its index names"));
    return await openIndexed(op, (isRemote(index) ? await keptFile(index) : undefined) ?? index, open);
  }
  await folder.need("model.safetensors", ", and no model.safetensors.index.json or pytorch_model.bin");
  throw new KindlingError(`${op}: "model.safetensors" was removed while it was opened`);
}

function classOf(op: string, path: string, config: Record<string, unknown>, asked: string | null): Architecture {
  const listed = Array.isArray(config.architectures) ? config.architectures[0] : undefined;
  const name = asked ?? listed ?? byType[String(config.model_type)];
  const found = architectures.get(String(name));
  if (found !== undefined) return found;
  const known = [...architectures.keys()].join(", ");
  throw new ArgumentError(
    `${op}: "${path}" is of the architecture ${describe(name)}, which is not here; known are ${known}: give architecture, or load the file by torch.hub.loadStateDictFromUrl or torch.safetensors.loadFile into a model of your own`,
  );
}

/** Builds a model by its config.json and fills it. */
export async function readPretrained(op: string, source: string, options: ReadOptions): Promise<PretrainedModel> {
  const folder = new Folder(op, source, options);
  const hint = /^[\w.-]+(?:\/[\w.-]+)?$/.test(source)
    ? `; for a model of the Hugging Face Hub give the URL of its files, https://huggingface.co/${source}/resolve/main`
    : "";
  const path = await folder.need("config.json", hint);
  const json = await readObject(op, path);
  const Model = classOf(op, path, json, options.architecture);
  const config: ModelConfig = Object.fromEntries(Object.entries(json).map(([key, value]) => [camelCase(key), value]));
  const weights = await openAll(op, folder);
  try {
    checkSizes(op, path, Model.shapes(config), mapNames(namesOnly(Model.prototype, config), weights));
    const model = new Model(config);
    try {
      const mapped = mapNames(model, weights);
      checkNames(`${op}: "${source}"`, model, mapped, options.strict);
      await fill(model, mapped, weights);
      return model.eval();
    } catch (error) {
      for (const x of [...model.parameters(), ...model.buffers()]) x.dispose();
      throw error;
    }
  } finally {
    await weights.close();
  }
}

/** `nEmbd` → `n_embd`. */
const snake = (key: string): string => (key === "id2label" || key === "label2id" ? key : snakeCase(key));

/** Writes config.json and model.safetensors. */
export async function writePretrained(op: string, model: unknown, folder: string): Promise<void> {
  if (!(model instanceof PretrainedModel))
    throw new ArgumentError(
      `${op}: model must be one of torch.hub.huggingFace(), got ${describe(model)}; save others by torch.safetensors.saveFile(model.stateDict(), path)`,
    );
  if (isRemote(folder) && runtime !== "browser")
    throw new ArgumentError(`${op}: folder must be a path, got the URL "${folder}"`);
  const entries = Object.entries(model.config).map(([key, value]) => [snake(key), value]);
  const config = { ...Object.fromEntries(entries), architectures: [classNameOf(model)] };
  const target = expandHome(folder);
  await writeWeights(op, joinPath(target, "model.safetensors"), model.toHuggingFace());
  await writeData(
    op,
    joinPath(target, "config.json"),
    new TextEncoder().encode(`${JSON.stringify(config, undefined, 2)}\n`),
  );
}

/** Writes a file of safetensors, as a stream where there are files. */
async function writeWeights(op: string, path: string, state: StateDict): Promise<void> {
  const metadata = { format: "pt" };
  if (isRemote(path)) return writeData(op, path, save(state, metadata));
  await makeFolder(op, path.replace(/[^/\\]*$/, ""));
  await saveFile(op, state, path, metadata, undefined);
}
