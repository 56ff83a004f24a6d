/** Samples side by side and channel by channel, by words and by bytes. */
import { describe, expect, test } from "vitest";
import { fromPlanes, toPlanes, transposePlanes } from "../../../src/vision/datasets/common/planes";

describe.each([1, 2, 3, 4])("%i channels", (channels) => {
  test.each([
    [1, 0, 0],
    [4, 0, 0],
    [8, 0, 4],
    [8, 1, 0],
    [8, 0, 1],
    [15, 3, 2],
  ])("%i pixels, read from byte %i, written at %i", (pixels, start, at) => {
    const size = pixels * channels;
    const side = Uint8Array.from({ length: size + start }, (_, i) => (i * 37 + 11) & 255).subarray(start);
    const planes = new Uint8Array(size + at);
    toPlanes(side, channels, planes, at);
    const want = Array.from({ length: size }, (_, i) => side[(i % pixels) * channels + Math.floor(i / pixels)]);
    expect([...planes.subarray(at)]).toEqual(want);
    expect([...fromPlanes(planes.subarray(at), channels)]).toEqual([...side]);
    const back = new Uint8Array(size + start);
    expect(fromPlanes(planes.subarray(at), channels, back, start)).toBe(back);
    expect([...back.subarray(start)]).toEqual([...side]);
  });
});

test("columns become rows", () => {
  expect([...transposePlanes(Uint8Array.of(1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60), 2, 3)]).toEqual([
    1, 3, 5, 2, 4, 6, 10, 30, 50, 20, 40, 60,
  ]);
});
