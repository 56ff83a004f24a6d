/** The line of the user's code that is running, and errors that name it. */
import { KindlingError } from "../../core/errors";

/** Where this library lies, as stacks name it: the folder of the file that this code is in. */
const ownFile = frames(new Error("place").stack).at(0)?.file ?? "";
const ownFolder = ownFile.slice(0, ownFile.lastIndexOf("/") + 1);

interface Frame {
  readonly file: string;
  readonly text: string;
}

/** The frames of a stack, innermost first, as V8, SpiderMonkey and JavaScriptCore write them. */
function frames(stack = ""): Frame[] {
  const found: Frame[] = [];
  for (const line of stack.split("\n")) {
    const match =
      /(?:\(|@|at (?:async )?)?((?:file:\/\/|https?:\/\/|\/|[A-Za-z]:[\\/])[^()\s]*?):(\d+):(\d+)\)?\s*$/.exec(line);
    if (match) found.push({ file: match[1]!, text: `${match[1]!.replace(/^file:\/\//, "")}:${match[2]}` });
  }
  return found;
}

/** File and line of the innermost frame outside of this library; empty if none is known. */
export function lineOfUser(): string {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 60;
  const { stack } = new Error("place");
  Error.stackTraceLimit = stackTraceLimit;
  const frame = frames(stack).find(({ file }) => ownFolder === "" || !file.startsWith(ownFolder));
  return frame?.text ?? "";
}

/** The error of an op that ONNX cannot express, with the line that called it. */
export const cannotExport = (op: string, line: string, why: string): KindlingError =>
  new KindlingError(`onnx.export: ${op} ${why}${line === "" ? "" : ` (called at ${line})`}`);

/** Thrown while a model runs: no error of the ops around it, which would put their names before its message. */
export class Untraceable extends Error {}

export const untraceable = (op: string, line: string, why: string): Untraceable =>
  new Untraceable(cannotExport(op, line, why).message);
