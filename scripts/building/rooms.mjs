import { readFileSync } from "node:fs";
import { resolve } from "node:path";

/** Namespaces of `torch` that a program can import by themselves: `kindling/vision` is `torch.vision`. */
export const ROOMS = [
  ...["audio", "autograd", "darknet", "distributions", "fft", "func", "hub", "linalg", "nn", "numpy", "onnx", "optim"],
  ...["profiler", "quantization", "safetensors", "special", "text", "utils", "vision"],
];

/** The source of a room, as `src/index.ts` exports it. */
export function sourceOfRoom(room) {
  const index = readFileSync("src/index.ts", "utf8");
  const [, path] = new RegExp(`^export \\* as ${room} from "(.*)";$`, "m").exec(index) ?? [];
  if (path === undefined) throw new Error(`src/index.ts exports no namespace ${room}`);
  return `${resolve("src", path)}.ts`;
}
