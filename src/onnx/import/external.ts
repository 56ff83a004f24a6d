/** Data of initializers that lies in files beside the model. */
import { FormatError } from "../../core/errors";
import { sizeOfShape } from "../../core/shape";
import { type FileSource, openFile, type RandomAccessFile } from "../../platform/randomAccess";
import { type GraphProto, type TensorProto, TensorProto_DataLocation } from "../proto/onnx_pb";
import { bytesOf, type External, shapeOf } from "./tensors";

/** The initializers of a graph and of those in its nodes that lie elsewhere. */
function* externals(graph: GraphProto): Iterable<TensorProto> {
  for (const proto of graph.initializer) if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL) yield proto;
  for (const { attribute } of graph.node) for (const { g } of attribute) if (g !== undefined) yield* externals(g);
}

/** Reads what the model says that lies in other files, from those given or from those in the folder of the model. */
export async function readExternal(
  op: string,
  graph: GraphProto,
  source: FileSource,
  given: Readonly<Record<string, FileSource>>,
  file: string,
): Promise<External> {
  const found = new Map<TensorProto, Uint8Array>();
  const open = new Map<string, RandomAccessFile>();
  try {
    for (const proto of externals(graph)) {
      const place = placeOf(proto, file);
      if (!open.has(place.location))
        open.set(place.location, await openFile(op, fileOf(place.location, source, given, file)));
      found.set(proto, await open.get(place.location)!.read(place.offset, place.length));
    }
  } finally {
    for (const each of open.values()) await each.close();
  }
  return found;
}

interface Place {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/** Where the data of an initializer lies. Its size is that of its shape: no file makes us read more. */
function placeOf(proto: TensorProto, file: string): Place {
  const where = `${file}, tensor "${proto.name ?? ""}"`;
  const entries = new Map(proto.externalData.map(({ key = "", value = "" }) => [key, value]));
  const location = entries.get("location") ?? "";
  const number = (key: string): number | undefined => {
    const text = entries.get(key);
    if (text === undefined) return undefined;
    if (!/^\d{1,15}$/.test(text))
      throw new FormatError(`${where}: the ${key} ${JSON.stringify(text)} of its data is no number`);
    return Number(text);
  };
  const size = bytesOf(proto.dataType ?? 0);
  if (size === undefined) throw new FormatError(`${where}: elements of its type cannot lie in another file`);
  const length = sizeOfShape(shapeOf(proto, where)) * size;
  if ((number("length") ?? length) !== length)
    throw new FormatError(
      `${where}: has ${number("length")} bytes of data, and a shape for ${length}: the file is damaged`,
    );
  return { location, offset: number("offset") ?? 0, length };
}

/** @throws FormatError for a place outside of the model's folder. */
function fileOf(
  location: string,
  source: FileSource,
  given: Readonly<Record<string, FileSource>>,
  file: string,
): FileSource {
  if (Object.hasOwn(given, location)) return given[location]!;
  if (typeof source !== "string" && !(source instanceof URL))
    throw new FormatError(
      `${file}: its data lies in a file "${location}"; pass it as { externalData: { "${location}": bytes } }`,
    );
  const parts = location.split(/[/\\]/);
  if (location === "" || /^[/\\]|^\w+:|\0/.test(location) || parts.includes(".."))
    throw new FormatError(
      `${file}: its data lies in ${JSON.stringify(location)}, which is outside of its folder: it is not read`,
    );
  if (source instanceof URL) return new URL(location, source);
  return source.slice(0, Math.max(source.lastIndexOf("/"), source.lastIndexOf("\\")) + 1) + location;
}
