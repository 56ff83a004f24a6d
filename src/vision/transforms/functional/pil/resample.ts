/** Bytes of pictures at other sizes: value for value PIL's. */
import type { Taps } from "../../../../backend/ops";
import type { Tensor } from "../../../../tensor/tensor";
import type { Image } from "../../../image";
import { bytesFrom, bytesInMemory, roomFor } from "../../../memory";
import "../../../kernels";

export type { Taps } from "../../../../backend/ops";

/** Each row at another width. */
function rows(x: Tensor, { width, height, bands }: Image, taps: Taps): Tensor {
  const y = roomFor(height * taps.starts.length * bands);
  y.storage.backend.run("resample", { axis: "rows", y, x, height, width, bands, taps });
  x.dispose();
  return y;
}

/** Each column at another height. */
function columns(x: Tensor, width: number, { height, bands }: Image, taps: Taps): Tensor {
  const y = roomFor(taps.starts.length * width * bands);
  y.storage.backend.run("resample", { axis: "columns", y, x, height, width, bands, taps });
  x.dispose();
  return y;
}

/** The bytes of a picture at another size, given what its rows and its columns are made of where they change. */
export function resampledBytes(img: Image, along: Taps | undefined, down: Taps | undefined): Uint8Array {
  const width = along?.starts.length ?? img.width;
  const height = down?.starts.length ?? img.height;
  const length = width * height * img.bands;
  if (length === 0 || img.data.length === 0) return new Uint8Array(length);
  let x = bytesInMemory(img.data as Uint8Array);
  if (along !== undefined) x = rows(x, img, along);
  if (down !== undefined) x = columns(x, width, img, down);
  return bytesFrom(x, length);
}
