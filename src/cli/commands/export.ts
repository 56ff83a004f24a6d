/** `kindling export SOURCE FILE`: a model to ONNX, safetensors or PyTorch's format. */
import type { Command } from "commander";
import * as torch from "../../index";
import { integer, integers, option, text, UsageError } from "../commandLine";
import { print, printJson } from "../console";
import { exportOf, importOwn, isModulePath, modelOf } from "../own";
import { channelsOf, createModel, modelNames } from "../train/models";
import { isOnnx, readWeights, type Weights, writeWeights } from "../weights";

/** The options of the command. */
interface Options {
  readonly weights?: string;
  readonly key?: string;
  readonly input?: readonly number[];
  readonly classes: number;
  readonly channels: number;
  readonly size?: number;
  readonly opset: number;
  readonly dynamicBatch?: boolean;
  readonly json?: boolean;
}

/** A model, and what it is run on while it is exported. */
interface Source {
  readonly model: torch.nn.Module;
  readonly inputs: torch.Tensor | readonly unknown[];
}

/** What `kindling train` notes in the file that it writes. */
interface Noted {
  readonly model: string;
  readonly classes: number;
  readonly channels: number;
  readonly size: number;
}

async function notedIn(path: string): Promise<Noted | undefined> {
  const file = await torch.safetensors.safeOpen(path);
  const noted = file.metadata()?.kindling;
  await file.close();
  return noted === undefined ? undefined : JSON.parse(noted);
}

const builtIn = (
  name: string,
  { classes, channels, size }: Omit<Noted, "model">,
  input?: readonly number[],
): Source => {
  const shape = { channels: channelsOf(name, channels), size };
  return {
    model: createModel(name, shape, classes),
    inputs: torch.randn([...(input ?? [1, shape.channels, size, size])]),
  };
};

/** A model that `kindling train` wrote, with its weights. */
async function trained(path: string, options: Options): Promise<Source> {
  const noted = await notedIn(path);
  if (noted === undefined)
    throw new UsageError(
      `"${path}" does not say which model it holds: name the model, and give the file by --weights "${path}"`,
    );
  const source = builtIn(noted.model, noted, options.input);
  source.model.loadStateDict(await readWeights(path));
  return source;
}

async function own(path: string, { input }: Options): Promise<Source> {
  const module = await importOwn(path);
  const model = await modelOf(path, module);
  const inputs = input === undefined ? exportOf(module, "inputs") : torch.randn([...input]);
  return { model, inputs: inputs ?? [] };
}

function sourceOf(source: string, options: Options): Promise<Source> | Source {
  if (source.endsWith(".safetensors")) return trained(source, options);
  if (isModulePath(source)) return own(source, options);
  if (!modelNames().includes(source))
    throw new UsageError(
      `"${source}" is neither a module (.js, .ts), nor a file that kindling train wrote, nor one of ${modelNames().join(", ")}`,
    );
  const { classes, channels } = options;
  const size = options.size ?? (source === "lenet" || source === "mlp" ? 32 : 224);
  return builtIn(source, { classes, channels, size }, options.input);
}

async function exportOnnx({ model, inputs }: Source, target: string, options: Options): Promise<void> {
  if (Array.isArray(inputs) && inputs.length === 0)
    throw new UsageError(
      "which inputs? Give their shape, such as --input 1,3,224,224, or export `inputs` from the module",
    );
  const names = inputs instanceof torch.Tensor ? ["input"] : undefined;
  const dynamicAxes = options.dynamicBatch ? { input: { 0: "batch" }, output: { 0: "batch" } } : undefined;
  if (options.dynamicBatch && names === undefined) throw new UsageError("--dynamic-batch is for models with one input");
  model.eval();
  await torch.onnx.export(model, inputs as torch.Tensor, target, {
    opsetVersion: options.opset,
    ...(names === undefined ? {} : { inputNames: names, outputNames: ["output"] }),
    ...(dynamicAxes === undefined ? {} : { dynamicAxes }),
  });
}

async function exportModel(from: string, target: string, options: Options): Promise<void> {
  const source = await sourceOf(from, options);
  if (options.weights !== undefined) source.model.loadStateDict(await readWeights(options.weights, options.key));
  if (isOnnx(target)) await exportOnnx(source, target, options);
  else await writeWeights(target, source.model.stateDict() as Weights);
  const parameters = [...source.model.parameters()].reduce((sum, p) => sum + p.numel(), 0);
  if (options.json) printJson({ source: from, target, parameters });
  else print(`the model of ${from}, ${parameters.toLocaleString("en")} parameters, written to ${target}`);
}

const examples = `
Examples:
  kindling export runs/model.safetensors model.onnx          what \`kindling train\` wrote
  kindling export resnet18 resnet18.onnx --classes 1000 --weights resnet18.pth --dynamic-batch
  kindling export net.js net.onnx --input 1,16               a module that exports \`model\`, and may export \`inputs\`
  kindling export net.js net.pt                              its weights, for PyTorch

The name of the target says the format: .onnx holds the model, .safetensors, .pt, .pth and .npz hold its weights.`;

/** Adds the command. */
export function addExport(program: Command): void {
  program
    .command("export")
    .description("write a model as ONNX, or its weights as safetensors, .pt or .npz")
    .argument("<source>", "a module, a file of `kindling train`, or the name of a model such as resnet18")
    .argument("<target>", "the file to write; its name says the format")
    .addOption(option("--weights <file>", "weights to load first", text))
    .addOption(option("--key <path>", "where the weights stand in a checkpoint that holds more", text))
    .addOption(option("--input <shape>", "the shape of the input, such as 1,3,224,224", integers(0)))
    .addOption(option("--classes <n>", "classes of a model by name", integer(), 10))
    .addOption(option("--channels <n>", "channels of the pictures of lenet and mlp", integer(), 3))
    .addOption(option("--size <n>", "height and width of its pictures (default: 32 or 224)", integer()))
    .addOption(option("--opset <n>", "the version of ONNX's operators", integer(13, 20), 17))
    .option("--dynamic-batch", "leave the size of the batch open")
    .option("--json", "write what was done as JSON")
    .addHelpText("after", examples)
    .action(exportModel);
}
