/** What the build says of the kernels, and that nothing else compiles. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { declareKernels } from "../../scripts/building/declareKernels.mjs";
import { signaturesOf } from "../../scripts/building/signatures.mjs";
import type { BinaryName, TernaryName, UnaryName } from "../../src/backend/elementwise";
import type {
  ArgumentsWithScratch,
  KernelArguments,
  KernelDType,
  KernelName,
  KernelScratch,
  QueryArguments,
} from "../../src/backend/wasm/kernelTypes";

/** The declaration that {@link declareKernels} makes of the compiler's. */
function declared(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "kernel-types-"));
  try {
    writeFileSync(join(folder, "from.d.ts"), text);
    declareKernels(join(folder, "from.d.ts"), join(folder, "to.d.ts"));
    return readFileSync(join(folder, "to.d.ts"), "utf8");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const entry = (name: string, parameters: readonly [string, string][], result = ""): string =>
  [
    "  /**",
    `   * assembly/wing/file/${name}`,
    ...parameters.map(([parameter, type]) => `   * @param ${parameter} \`${type}\``),
    ...(result === "" ? [] : [`   * @returns \`${result}\``]),
    "   */",
    `  export function ${name}(${parameters.map(([parameter]) => `${parameter}: number`).join(", ")}): void;`,
    "",
  ].join("\n");

const range = [
  ["begin", "i32"],
  ["end", "i32"],
] as const satisfies [string, string][];

describe("the declaration of the kernels", () => {
  test("leaves out what a call adds, and says that it does", () => {
    const text = declared(
      entry("copy", [["ty", "i32"], ["y", "usize"], ["p", "f64"], ...range]) +
        entry("gemm", [["t", "i32"], ["c", "usize"], ["scratch", "usize"], ...range]) +
        entry("solve", [["t", "usize"], ...range]) +
        entry(
          "tasks",
          [
            ["t", "i32"],
            ["m", "i32"],
          ],
          "i32",
        ),
    );
    expect(text).toContain("copy: { typed: false; scratch: false; arguments: [ty: number, y: Address, p: number] };");
    expect(text).toContain("gemm: { typed: true; scratch: true; arguments: [c: Address] };");
    expect(text).toContain("solve: { typed: false; scratch: false; arguments: [t: Address] };");
    expect(text).toContain("tasks: [t: number, m: number];");
    expect(text).toContain("/** `assembly/wing/file.ts` */");
  });

  test("refuses kernels that break the conventions", () => {
    expect(() => declared(entry("wide", [["n", "i64"], ...range]))).toThrow(
      'kernel "wide": n is of type i64, which no call passes',
    );
    expect(() => declared(entry("endless", [["y", "usize"]]))).toThrow(
      'kernel "endless" returns nothing, but does not end with begin, end',
    );
  });

  test("has every export of the binary, with as many parameters", () => {
    const text = readFileSync(resolve("build/kernels.d.ts"), "utf8");
    const rangeEntry = /^ {4}(\w+): \{ typed: (\w+); scratch: (\w+); arguments: \[(.*)\] \};$/gm;
    const counts = new Map<string, number>();
    const sizeOf = (list: string): number => (list === "" ? 0 : list.split(", ").length);
    for (const [, name, typed, scratch, list] of text.matchAll(rangeEntry))
      counts.set(name!, sizeOf(list!) + 2 + Number(typed === "true") + Number(scratch === "true"));
    for (const [, name, list] of text.matchAll(/^ {4}(\w+): \[(.*)\];$/gm)) counts.set(name!, sizeOf(list!));
    // Functions of vectors are there for generated kernels alone.
    const signatures = Object.entries(signaturesOf(readFileSync(resolve("build/kernels.baseline.wasm")))).filter(
      ([, types]) => !types.includes("v"),
    );
    expect(signatures.length).toBeGreaterThan(200);
    expect(Object.fromEntries(counts)).toEqual(
      Object.fromEntries(signatures.map(([name, types]) => [name, types.length])),
    );
  });
});

/** Compiles only if `T` takes `value`. */
const takes = <T>(value: T): T => value;

test("calls that no kernel takes do not compile", () => {
  const accepted = [
    takes<KernelName>("gemm"),
    takes<KernelArguments<"arange">>([undefined, 0, 1]),
    takes<KernelArguments<"maxDim" | "minDim">>([undefined, undefined, undefined, 3, 1]),
    takes<KernelDType<"sum">>("float32"),
    takes<KernelDType<"cholesky">>(undefined),
    takes<KernelScratch<"gemm">>([true]),
    takes<KernelScratch<"sum">>([]),
    takes<ArgumentsWithScratch<"mode">>([undefined, undefined, undefined, 3, 1, undefined]),
    takes<QueryArguments<"gemmTasks">>([1, 2, 3, 4]),
    takes<UnaryName>("exp"),
    takes<BinaryName>("add"),
    takes<TernaryName>("where"),
  ];
  const refused = [
    // @ts-expect-error A misspelled name.
    takes<KernelName>("gem"),
    // @ts-expect-error An argument too few.
    takes<KernelArguments<"arange">>([undefined, 0]),
    // @ts-expect-error An argument too many.
    takes<KernelArguments<"arange">>([undefined, 0, 1, 2]),
    // @ts-expect-error An address in the place of a number.
    takes<KernelArguments<"arange">>([undefined, undefined, 1]),
    // @ts-expect-error A number in the place of an address.
    takes<KernelArguments<"arange">>([0, 0, 1]),
    // @ts-expect-error What only one of two kernels takes.
    takes<KernelArguments<"sum" | "arange">>([undefined, 0, 1]),
    // @ts-expect-error No dtype for a kernel that takes its code.
    takes<KernelDType<"sum">>(undefined),
    // @ts-expect-error No scratch memory for a kernel that takes it.
    takes<KernelScratch<"gemm">>([]),
    // @ts-expect-error A number too few.
    takes<QueryArguments<"gemmTasks">>([1, 2, 3]),
    // @ts-expect-error A kernel of another family.
    takes<UnaryName>("add"),
    // @ts-expect-error A kernel of another family, whose parameters are alike but for the dtype.
    takes<UnaryName>("qrFactor"),
  ];
  expect(accepted.length + refused.length).toBe(23);
});
