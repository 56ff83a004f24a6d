/** What `kindling inspect` can print: one entry for each format. */
import { inspectCheckpoint } from "../inspect/checkpoint";
import { inspectNpy, inspectNpz } from "../inspect/numpy";
import { inspectSafetensors } from "../inspect/safetensors";
import type { Findings } from "../inspect/table";
import { inspectEvents } from "./inspectEvents";
import { inspectOnnx } from "./inspectOnnx";

/** A format that can be printed. */
export interface Inspector {
  readonly format: string;
  /** Whether a file is of the format, by its name and its first bytes. */
  knows(path: string, start: Uint8Array): boolean;
  /** What is in it. @throws FormatError naming the file. */
  inspect(path: string): Promise<Findings | string>;
}

/** Bytes of a pickle of protocol 2 and later, which the older checkpoints are. */
const isPickle = (start: Uint8Array): boolean => start[0] === 0x80 && start[1]! >= 2 && start[1]! <= 5;
const isZip = (start: Uint8Array): boolean => start[0] === 0x50 && start[1] === 0x4b;

/** The first that knows a file prints it. */
export const inspectors: readonly Inspector[] = [
  { format: "event files", knows: (path) => /tfevents[^/\\]*$/.test(path), inspect: inspectEvents },
  { format: "safetensors", knows: (path) => path.endsWith(".safetensors"), inspect: inspectSafetensors },
  { format: ".npy", knows: (_, start) => start[0] === 0x93 && start[1] === 0x4e, inspect: inspectNpy },
  { format: ".npz", knows: (path) => path.endsWith(".npz"), inspect: inspectNpz },
  { format: ".onnx", knows: (path) => path.endsWith(".onnx"), inspect: inspectOnnx },
  {
    format: ".pt and .pth",
    knows: (path, start) => /\.(pt|pth|bin|tar)$/.test(path) || isZip(start) || isPickle(start),
    inspect: inspectCheckpoint,
  },
];
