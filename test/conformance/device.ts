/** Samples on another device than the cpu: what they are moved to, how their results are awaited, and which of them it cannot have. */

import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { swiftshader } from "../helpers/adapter";
import { excluded, type Kind, missing, type Result, type SampleResult } from "./report";
import { isTensor, isTensorSpec, target, torch } from "./values";

let current = "cpu";

/** Where samples run. */
export const device = (): string => current;

export const isCpu = (): boolean => current === "cpu";

/**
 * Opens the device that samples are to run on.
 * @returns How its adapter calls itself.
 */
export async function openDevice(name: string): Promise<string> {
  if (name === "cpu") return "cpu";
  if (name !== "webgpu") throw new Error(`unknown device ${name}; the devices are cpu and webgpu`);
  if (existsSync(swiftshader)) process.env.VK_ICD_FILENAMES ??= swiftshader;
  process.env.XDG_RUNTIME_DIR ??= tmpdir();
  await torch.webgpu.init();
  current = name;
  target.move = (x) => (x as any).to(name);
  return torch.webgpu.getDeviceName();
}

/** A copy of nested arrays and plain objects whose tensors are on the cpu. */
export async function fetched<T>(value: T): Promise<T> {
  return (await fetch(value)) as T;
}

async function fetch(value: unknown): Promise<unknown> {
  if (isTensor(value)) return value.device === "cpu" ? value : (value.detach() as any).cpu();
  if (Array.isArray(value)) return Promise.all(value.map(fetch));
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const entries = Object.entries(value).map(async ([key, item]) => [key, await fetch(item)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

/** Whether a value satisfies a test, or holds one that does. */
function holds(value: unknown, test: (value: object) => boolean): boolean {
  if (typeof value !== "object" || value === null) return false;
  return test(value) || (!isTensorSpec(value) && Object.values(value).some((item) => holds(item, test)));
}

const isDouble = (value: object): boolean =>
  isTensorSpec(value) ? value.t === "float64" : "dtype" in value && /^(float64|double)$/.test(String(value.dtype));

const isComplex = (value: object): boolean =>
  isTensorSpec(value) ? /^complex/.test(value.t) : "dtype" in value && /^complex/.test(String(value.dtype));

const isWide = (value: object): boolean =>
  isTensorSpec(value) ? value.t === "int64" && value.d.some((x) => Math.abs(Number(x)) > 2 ** 31 - 1) : "i" in value;

/** Why the device cannot have a sample at all, by what its README says; undefined if it can. */
export function exclusion(sample: unknown): string | undefined {
  if (isCpu()) return undefined;
  if (holds(sample, isComplex)) return "complex";
  if (holds(sample, isDouble)) return "float64";
  return holds(sample, isWide) ? "int64 beyond 32 bits" : undefined;
}

/** The result of a sample that the device cannot have. */
export const excludedAll = (kinds: readonly Kind[], reason: string): SampleResult =>
  Object.fromEntries(kinds.map((kind) => [kind, excluded(reason)]));

/** What a device says that lacks an op, or a value that it would have to wait for. */
export function lacking(error: unknown): Result | undefined {
  if (isCpu() || !(error instanceof torch.DeviceError)) return undefined;
  return missing(`the device lacks: ${(error as Error).message}`);
}

/** How often values were asked back from the device: no op may do so. */
export const readsSoFar = (): number => (isCpu() ? 0 : torch.webgpu.counts().reads);

/** What went over the cpu although it was computed from what is on the device: a detour. */
export function strays(outputs: readonly unknown[], readsBefore: number): string | undefined {
  if (isCpu()) return undefined;
  const reads = readsSoFar() - readsBefore;
  if (reads > 0) return `values were read back ${reads} times`;
  const stray = outputs.findIndex((x) => isTensor(x) && x.device !== current);
  return stray < 0 ? undefined : `output ${stray} lies on the cpu`;
}
