/** JPEG files made by mozjpeg. */
import { ValueError } from "../../core/errors";
import type { Picture } from "../modes";
import { encoder } from "./jpegCodec";

/** Baseline files with the tables of the standard and colors at half their resolution, as libjpeg makes them. */
const options = {
  baseline: true,
  arithmetic: false,
  progressive: false,
  optimize_coding: true,
  smoothing: 0,
  quant_table: 0,
  trellis_multipass: false,
  trellis_opt_zero: false,
  trellis_opt_table: false,
  trellis_loops: 1,
  auto_subsample: false,
  chroma_subsample: 2,
  separate_chroma_quality: false,
};

/** libjpeg's numbers of color spaces. */
const GRAY = 1;
const YCBCR = 3;

/** The most that a file can say of a side. */
const MOST_SIDE = 65500;

/**
 * A picture of mode `"L"` or `"RGB"` as a JPEG file.
 * @param quality From 1 to 100.
 * @throws ValueError for other modes, without pixels, and for sides that no such file can have.
 */
export async function encodeJpegFile({ mode, width, height, data }: Picture, quality: number): Promise<Uint8Array> {
  if (mode !== "L" && mode !== "RGB")
    throw new ValueError(`cannot write mode ${mode} as JPEG; convert it to RGB or L first`);
  if (width === 0 || height === 0) throw new ValueError("Empty JPEG image (DNL not supported)");
  if (width > MOST_SIDE || height > MOST_SIDE)
    throw new ValueError(`Maximum supported image dimension is ${MOST_SIDE} pixels, got ${width}×${height}`);
  const pixels = new Uint8Array(width * height * 4).fill(255);
  const bands = mode === "L" ? 1 : 3;
  for (let i = 0, f = 0; i < pixels.length; i += 4, f += bands)
    for (let k = 0; k < 3; k++) pixels[i + k] = data[bands === 1 ? f : f + k]!;
  const color_space = bands === 1 ? GRAY : YCBCR;
  return encoder.run((codec) =>
    codec.encode(pixels, width, height, { ...options, quality, chroma_quality: quality, color_space }).slice(),
  );
}
