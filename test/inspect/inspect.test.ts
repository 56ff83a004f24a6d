/** What `kindling inspect` prints of each format, and of damaged files. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { zipSync } from "fflate";
import * as torch from "kindling";
import { afterAll, expect, it } from "vitest";
import { inspectFile } from "../../src/cli/inspect";
import { textOf } from "../../src/inspect/table";
import { ModelProtoSchema, TensorProto_DataType } from "../../src/onnx/proto/onnx_pb";

const root = mkdtempSync(join(tmpdir(), "kindling-inspect-"));
afterAll(() => rmSync(root, { recursive: true }));

function pathOf(name: string, bytes: Uint8Array): string {
  const path = join(root, name);
  writeFileSync(path, bytes);
  return path;
}

/** A file as numpy.save writes it. */
function npy(descr: string, shape: string, size: number): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`.padEnd(117);
  const head = Uint8Array.of(0x93, 78, 85, 77, 80, 89, 1, 0, 118, 0);
  return Uint8Array.of(...head, ...new TextEncoder().encode(`${text}\n`), ...new Uint8Array(size));
}

it("prints the tensors and values of a checkpoint", async () => {
  const path = join(root, "a.pt");
  await torch.save({ model: { weight: torch.ones(2, 3) }, epoch: 3, list: [] }, path);
  // The sources alone have no devices.
  const printed = execFileSync(process.execPath, ["dist/cli.js", "inspect", path]).toString().trimEnd();
  const lines = printed.split("\n").map((line) => line.split(/ {2,}/));
  expect(lines).toEqual([
    ["name", "type", "shape or value", "bytes"],
    ["model.weight", "float32", "[2, 3]", "24 B"],
    ["epoch", "number", "3"],
    ["list", "list", "empty"],
  ]);
});

it("prints the headers of NumPy's files", async () => {
  expect(textOf(await inspectFile(pathOf("a.npy", npy("<f4", "2, 3", 24))))).toMatch(/\n<f4 +\[2, 3\] +C +152 B$/);
  const archive = zipSync({ "x.npy": npy("<i8", "3,", 24), "y.npy": npy("|b1", "", 1), other: Uint8Array.of(1) });
  const text = textOf(await inspectFile(pathOf("a.npz", archive)));
  expect(text).toMatch(/\nx +<i8 +\[3\] +C +152 B\ny +\|b1 +\[\] +C +129 B\nother +no array/);
});

it("prints the graph of an ONNX file", async () => {
  const tensor = (name: string) => ({
    name,
    type: { value: { case: "tensorType", value: { elemType: TensorProto_DataType.FLOAT, shape: { dim: [] } } } },
  });
  const graph = {
    node: [{ opType: "Relu", input: ["x"], output: ["y"] }],
    input: [tensor("x")],
    output: [tensor("y\u001b[2J")],
    initializer: [{ name: "w", dataType: TensorProto_DataType.INT64, dims: [2n, 3n] }],
  };
  const model = create(ModelProtoSchema, { irVersion: 8n, opsetImport: [{ version: 15n }], graph } as never);
  const text = textOf(await inspectFile(pathOf("a.onnx", toBinary(ModelProtoSchema, model))));
  expect(text).toMatch(/^ONNX, IR 8, ai\.onnx 15; written by nobody known\n/);
  expect(text).toMatch(/\ninput +x +float +\[\]\noutput +y\\u001b\[2J +float +\[\]\nweight +w +int64 +\[2, 3\]\n/);
  expect(text).toMatch(/\nRelu +1$/);
});

it.each(["a.npy", "a.npz", "a.onnx", "a.pt", "a.safetensors", "events.out.tfevents.1"])(
  "names a damaged %s",
  async (name) => {
    const start =
      name === "a.npy" ? [0x93, 78, 85, 77, 80, 89, 1, 0, 255, 255] : [80, 75, 3, 4, 9, 9, 9, 9, 9, 9, 9, 9, 9];
    const path = pathOf(`damaged-${name}`, Uint8Array.from(start));
    await expect(inspectFile(path)).rejects.toMatchObject({
      name: "FormatError",
      message: expect.stringContaining(path),
    });
  },
);

it("names the formats that there are for a file of none", async () => {
  await expect(inspectFile(pathOf("a.txt", Uint8Array.of(104, 105)))).rejects.toThrow(
    /^inspect: ".*a\.txt" is of no known format; there are event files, safetensors, /,
  );
});
