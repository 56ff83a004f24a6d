/** `kindling inspect FILE`: the inspector whose format it is, by the file's first bytes and by its name; folders by what is in them. */
import { FormatError } from "../core/errors";
import type { Findings } from "../inspect/table";
import { hasFolder } from "../platform/dataFiles";
import { readFrom } from "../platform/server";
import { inspectFolder } from "./inspectFolder";
import { inspectors } from "./inspectors";

/** Bytes by which formats are told apart. */
const START = 64;

/** What is in a file. @throws FormatError naming a file that no inspector knows. */
export async function inspectFile(path: string): Promise<Findings | string> {
  if (await hasFolder(path)) return inspectFolder(path);
  const start = await readFrom("inspect", path, 0, START);
  const inspector = inspectors.find(({ knows }) => knows(path, start));
  if (inspector === undefined)
    throw new FormatError(
      `inspect: "${path}" is of no known format; there are ${inspectors.map(({ format }) => format).join(", ")}`,
    );
  return inspector.inspect(path);
}
