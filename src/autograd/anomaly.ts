/** Anomaly mode: finds the operation whose backward gives NaN, and the line of code that called it. */

import { AutogradError, checkOptions } from "../core/errors";
import { named } from "../core/signature";
import { Mode, runWith } from "../platform/mode";
import type { Tensor } from "../tensor/tensor";

/** Options of {@link detectAnomaly} and {@link setDetectAnomaly}. */
export interface AnomalyOptions {
  /** Whether NaN in a gradient is an error. Default: true. */
  checkNan?: boolean;
}

const isOn = new Mode(false);
const checksNan = new Mode(true);

/** @internal {@link isAnomalyEnabled}, asked at every node. */
export const isTracing = (): boolean => isOn.value;

/** Whether anomaly mode is on. @see torch.is_anomaly_enabled */
export const isAnomalyEnabled = named("isAnomalyEnabled", "", (): boolean => isOn.value);

/** Whether anomaly mode is on and takes NaN for an error. @see torch.is_anomaly_check_nan_enabled */
export const isAnomalyCheckNanEnabled = named(
  "isAnomalyCheckNanEnabled",
  "",
  (): boolean => isOn.value && checksNan.value,
);

/**
 * Runs `body` in anomaly mode: operations remember where they were called, and an error in their backward says so. A gradient that contains
 * NaN is an error too. For debugging: every operation and every step of backward becomes much slower.
 *
 * @throws AutogradError naming the operation whose backward gave NaN, and the line that called it.
 * @see torch.autograd.detect_anomaly
 * @example torch.autograd.detectAnomaly(() => lossFn(model(x), y).backward());
 */
export const detectAnomaly = <R>(body: () => R, options?: AnomalyOptions): R => setDetectAnomaly(true, body, options);

/**
 * Turns anomaly mode on or off: until the scope around ends, or with a function as the second argument for the length of that function.
 * @see torch.autograd.set_detect_anomaly
 */
export function setDetectAnomaly(mode: boolean, options?: AnomalyOptions): void;
export function setDetectAnomaly<R>(mode: boolean, body: () => R, options?: AnomalyOptions): R;
export function setDetectAnomaly<R>(
  mode: boolean,
  bodyOrOptions: (() => R) | AnomalyOptions = {},
  options: AnomalyOptions = {},
): R | undefined {
  const body = typeof bodyOrOptions === "function" ? bodyOrOptions : undefined;
  const given = typeof bodyOrOptions === "function" ? options : bodyOrOptions;
  checkOptions("setDetectAnomaly", given, ["checkNan"]);
  const checkNan = given.checkNan ?? true;
  if (body !== undefined)
    return runWith(
      "setDetectAnomaly",
      [
        [isOn, mode],
        [checksNan, checkNan],
      ],
      body,
    );
  isOn.value = mode;
  checksNan.value = checkNan;
  return undefined;
}

/** A node as far as its history is concerned. */
interface Traced {
  readonly name: string;
  readonly trace: Trace | null;
}

/** Where an operation was called, and the node in whose backward that was, if any. */
export interface Trace {
  readonly frames: readonly string[];
  readonly cause: Traced | null;
}

/** The node whose backward is running. */
let running: Traced | null = null;

/** @internal The call that is being recorded, without the library's own frames. */
export function captureTrace(): Trace {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 100;
  const frames = (new Error().stack ?? "").split("\n").filter((line) => position.test(line));
  Error.stackTraceLimit = stackTraceLimit;
  // The first frame is this function's: it lies in one of the library's files, which share a folder, in a bundle, or at a known place among the sources.
  const library =
    frames[0]
      ?.replace(position, "")
      .replace(/^.*[(@ ]/, "")
      .replace(/autograd\/anomaly\.[jt]s$|(?<=\/)core\.js$/, "") ?? "";
  return { frames: frames.filter((line) => !line.includes(library)).map((line) => line.trim()), cause: running };
}

/** How the line of a frame ends, in the stack traces of all engines. */
const position = /:\d+:\d+\)?$/;

/** @internal Runs the backward of `node`; an error says where the operation was called. */
export function runTraced(
  node: Traced,
  backward: () => readonly (Tensor | null | undefined)[],
): readonly (Tensor | null | undefined)[] {
  const outer = running;
  running = node;
  try {
    const grads = backward();
    if (checksNan.value) checkNan(node, grads);
    return grads;
  } catch (error) {
    if (error instanceof Error) error.message += traceText(node);
    throw error;
  } finally {
    running = outer;
  }
}

function checkNan(node: Traced, grads: readonly (Tensor | null | undefined)[]): void {
  for (const [i, grad] of grads.entries()) {
    if (!grad?.isFloatingPoint()) continue;
    const isNumber = grad.detach().isnan().logicalNot().contiguous();
    const text = `Function '${node.name}' returned nan values in its ${i}th output.`;
    // What is found late is told by the next read, where no caller adds the trace.
    const late = () => new AutogradError(`${text}${traceText(node)}`);
    if (isNumber.storage.backend.firstInvalid({ kind: "nonzero", x: isNumber }, late) >= 0)
      throw new AutogradError(text);
  }
}

function traceText({ name, trace }: Traced): string {
  if (trace === null)
    return `\nNo forward pass information is available for ${name}: enable anomaly mode during the forward pass as well.`;
  const text = `\nThe forward call that made ${name}:\n    ${trace.frames.join("\n    ")}`;
  return trace.cause === null
    ? text
    : `${text}\nwhich was part of the backward of ${trace.cause.name}.${traceText(trace.cause)}`;
}
