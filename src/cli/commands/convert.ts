/** `kindling convert IN OUT`: weights from one format to another. */
import type { Command } from "commander";
import type * as torch from "../../index";
import { choice, option, text } from "../commandLine";
import { print, printJson } from "../console";
import { readWeights, type Weights, writeWeights } from "../weights";

const dtypes = ["float32", "float16", "bfloat16", "float64"] as const;

/** The options of the command. */
interface Options {
  readonly key?: string;
  readonly dtype?: (typeof dtypes)[number];
  readonly json?: boolean;
}

/** Numbers with a point in another dtype; others as they are. */
const cast = (tensor: torch.Tensor, dtype: (typeof dtypes)[number]): torch.Tensor =>
  tensor.isFloatingPoint() ? tensor.to(dtype) : tensor;

async function convert(source: string, target: string, { key, dtype, json }: Options): Promise<void> {
  const read = await readWeights(source, key);
  const entries = Object.entries(read).map(([name, tensor]) => [
    name,
    dtype === undefined ? tensor : cast(tensor, dtype),
  ]);
  const weights: Weights = Object.fromEntries(entries);
  await writeWeights(target, weights);
  const tensors = entries.length;
  if (json) printJson({ source, target, tensors });
  else print(`${tensors} tensor${tensors === 1 ? "" : "s"} of ${source} written to ${target}`);
}

const examples = `
Examples:
  kindling convert pytorch_model.bin model.safetensors
  kindling convert checkpoint.pth weights.npz --key model    the dictionary at "model" of a checkpoint that holds more
  kindling convert model.onnx model.pt                       the weights of an ONNX file
  kindling convert model.safetensors half.safetensors --dtype float16

Reads .safetensors, .pt, .pth, .bin, .npz, .npy and .onnx; writes .safetensors, .pt, .pth and .npz.`;

/** Adds the command. */
export function addConvert(program: Command): void {
  program
    .command("convert")
    .description("write the weights of a file in another format")
    .argument("<source>", "the file to read")
    .argument("<target>", "the file to write; its name says the format")
    .addOption(option("--key <path>", "where the weights stand in a checkpoint that holds more", text))
    .addOption(choice("--dtype <name>", `store floating-point numbers as ${dtypes.join(", ")}`, dtypes))
    .option("--json", "write what was done as JSON")
    .addHelpText("after", examples)
    .action(convert);
}
