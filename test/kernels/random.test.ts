/** The Box–Muller kernel gives the bits of the transform in `src/core/random`, however its range is split. */
import { describe, expect, test } from "vitest";
import { Generator } from "../../src/core/generator";
import * as random from "../../src/core/random";
import { Instance, inPieces, TARGETS, unsupported } from "./instance";

const BLOCKS = 1 << 12;

describe.each(TARGETS)("%s", (target) => {
  const reason = unsupported(target);

  test.skipIf(reason !== undefined)(`boxMuller${reason ? ` (skipped: ${reason})` : ""}`, () => {
    const instance = new Instance(target);
    const uniform = new Float32Array(16 * BLOCKS);
    random.uniform(uniform, 0, 1, new Generator().manualSeed(7));
    // The ends of the range and of the octants.
    uniform.set([0, 1 - 2 ** -24, 0.5, 2 ** -24, 0.25, 0.75, 0.125, 0.875], 0);
    uniform.set([0, 1 - 2 ** -24, 0.5, 2 ** -24, 0.25, 0.75, 0.125, 0.875], 8);
    for (const [mean, std] of [
      [0, 1],
      [Math.fround(-3.7), Math.fround(0.02)],
    ] as const) {
      const expected = uniform.slice();
      random.boxMuller(expected, mean, std);
      let at = 0;
      const x = instance.floats("float32", uniform.length, () => uniform[at++]!);
      inPieces(BLOCKS, (begin, end) => instance.call("boxMuller", x.byteOffset, mean, std, begin, end));
      expect(new Uint32Array(x.buffer, x.byteOffset, x.length)).toEqual(new Uint32Array(expected.buffer));
    }
  });
});
