/** Sounds as WAV files. */
import { create } from "@bufbuild/protobuf";
import { encodeWav } from "../audio/wav";
import { ShapeError, ValueError } from "../core/errors";
import type { Held } from "./arguments";
import { type Summary, SummarySchema } from "./proto/tensorboard_pb";
import { doubles } from "./values";

const LARGEST = 32767;

/** A sound of one channel, cut off at −1 and 1. @throws ShapeError, ValueError. */
export function audioSummary(tag: string, { shape, dtype, data }: Held, sampleRate: number): Summary {
  if (shape.filter((n) => n !== 1).length > 1 || data.length === 0)
    throw new ShapeError(`input tensor should be 1 dimensional, got [${shape.join(", ")}]`);
  const values = doubles(data);
  if (values.some(Number.isNaN)) throw new ValueError("sndTensor must be numbers, got NaN");
  const scaled = (x: number): number => (dtype === "float64" ? x * LARGEST : Math.fround(x * LARGEST));
  // The encoder multiplies by 2¹⁵ again, and finds the integers.
  const samples = values.map((x) => Math.trunc(scaled(Math.max(-1, Math.min(1, x)))) / (LARGEST + 1));
  const encodedAudioString = encodeWav({ samples, channels: 1, sampleRate, encoding: "PCM_S", bits: 16 });
  const value = {
    sampleRate,
    numChannels: 1n,
    lengthFrames: BigInt(samples.length),
    encodedAudioString,
    contentType: "audio/wav",
  };
  return create(SummarySchema, { value: [{ tag, value: { case: "audio", value } }] });
}
