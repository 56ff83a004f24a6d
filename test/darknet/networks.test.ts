/** Networks against an independent implementation in PyTorch, whose results `write_expected.py` recorded. */
import * as torch from "kindling";
import { darknet } from "kindling";
import { beforeAll, describe, expect, test } from "vitest";
import { cut, cutNote } from "../helpers/cut";
import { configOf, expected, floats, pictures, weightsFile } from "./networks";

const distance = (a: torch.Tensor, b: torch.Tensor): number =>
  a.sub(b).abs().div(b.abs().add(1)).max().item() as number;

describe.each(cut(Object.keys(expected), 2))(`%s${cutNote}`, (name) => {
  const { shapes, outputs, boxes } = expected[name]!;

  let file: Uint8Array;
  let model: Awaited<ReturnType<typeof darknet.load>>;
  beforeAll(async () => {
    file = weightsFile(name);
    model = await darknet.load(configOf(name), file);
  });

  test("gives Darknet's results", () => {
    model.eval();
    const results = torch.noGrad(() => model(pictures(name, model.inputShape)));
    const list: torch.Tensor[] = Array.isArray(results) ? results : [results];
    expect(list.map(({ shape }) => shape)).toEqual(shapes);
    list.forEach((result, i) => {
      expect(distance(result.flatten(), floats(outputs[i]!))).toBeLessThan(1e-4);
    });
    if (boxes === "") return;
    const decoded = model.decode(list);
    const rows = torch.cat([decoded.boxes, decoded.scores], 2);
    expect(rows.shape[2]).toBe(24);
    expect(distance(rows.flatten(), floats(boxes))).toBeLessThan(1e-4);
  });

  test("writes the bytes that it read", async () => {
    expect(model.seen).toBe(32013312);
    const bytes = (await darknet.saveWeights(model))!;
    expect(Buffer.compare(bytes, file)).toBe(0);
  });
});
