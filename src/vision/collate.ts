/** Batches of pictures. PyTorch refuses them; here they become what models take. */
import type { DType } from "../core/dtype";
import { ShapeError } from "../core/errors";
import { batchOf, collateAs } from "../data/collate";
import { Image, type ImageSamples } from "./image";

/** Samples side by side, as planes one after the other. */
function planar({ data, bands, width, height }: Image): ImageSamples {
  if (bands === 1) return data;
  const pixels = width * height;
  const planes = new (data.constructor as new (length: number) => ImageSamples)(data.length);
  for (let band = 0, to = 0; band < bands; band++)
    for (let i = 0, from = band; i < pixels; i++, from += bands) planes[to++] = data[from]!;
  return planes;
}

const dtypeOf = (row: ImageSamples): DType =>
  row instanceof Uint8Array ? "uint8" : row instanceof Float32Array ? "float32" : "int32";

/** 16 bits without a sign have no dtype of their own. */
const rowOf = (image: Image): Exclude<ImageSamples, Uint16Array> => {
  const data = planar(image);
  return data instanceof Uint16Array ? Int32Array.from(data) : data;
};

const text = ({ mode, width, height }: Image): string => `${mode} ${width}×${height}`;

collateAs(Image, (images, at) => {
  const [first] = images as [Image, ...Image[]];
  const { mode, width, height, bands } = first;
  const wrong = images.findIndex((x) => x.mode !== mode || x.width !== width || x.height !== height);
  if (wrong >= 0)
    throw new ShapeError(
      `defaultCollate: stack expects each picture to be equal in mode and size, but got ${text(first)} at entry 0 and ${text(images[wrong]!)} at entry ${wrong}${at}; resize, crop or convert them first`,
    );
  const rows = images.map(rowOf);
  return batchOf(rows, dtypeOf(rows[0]!), [bands, height, width]);
});
