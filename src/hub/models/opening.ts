/** What stands behind `torch.hub.fromPretrained`. */
import { checkFlag, checkString } from "../../core/arguments";
import { ArgumentError } from "../../core/errors";
import type { FromPretrainedOptions } from "../index";
import { readPretrained } from "./pretrained";

/** Reads a model. @throws ArgumentError for wrong arguments, else as `fromPretrained`. */
export async function openPretrained(op: string, source: string | URL, options: FromPretrainedOptions): Promise<any> {
  const { architecture = null, strict = true, modelDir = null, progress = true } = options;
  const text = source instanceof URL ? source.href : checkString(op, "source", source);
  if (text === "") throw new ArgumentError(`${op}: source must be the path or URL of a folder, got an empty text`);
  if (architecture !== null) checkString(op, "architecture", architecture);
  checkFlag(op, "strict", strict);
  if (modelDir !== null) checkString(op, "modelDir", modelDir);
  checkFlag(op, "progress", progress);
  return await readPretrained(op, text, { architecture, strict, modelDir, progress });
}
