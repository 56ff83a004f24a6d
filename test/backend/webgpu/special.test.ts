/** Special functions in WGSL against those of WebAssembly, which compute in float64: over their domains, at their borders, and at what is not finite. */
import * as torch from "kindling";
import { describe, expect, it } from "vitest";
import { specialBinary, specialUnary } from "../../../src/backend/webgpu/wgsl/specialRules";
import { allNote, runsAll } from "../../helpers/cut";
import { noGpu, onGpu } from "../../helpers/webgpu";

const SPECIAL = [Number.NaN, Infinity, -Infinity, 0, -0, 1, -1, 0.5, 3, -3, 1e-3, 88, -104, 1e30, -1e30, 2, 1e-30];
const MORE = [1.5, 2.5, -0.5, -2.5, 20, -70.5, 4, 10, 0.999, 0.25, 100, 1000, 13.3];

const line = Array.from({ length: 1600 }, (_, i) => (i - 800) / 25);
/** The same between −1 and 1, or 0 and 1, for functions that are NaN elsewhere. */
const within = line.map((x) => x / 32);
const domains: Readonly<Record<string, readonly number[]>> = {
  asin: within,
  acos: within,
  atanh: within,
  erfinv: within,
  ndtri: [...within.map(Math.abs), 1e-5, 1e-10, 1e-20, 1e-30, 0.99999],
};

/**
 * How far apart results may be, relative to the value or, where that is smaller than 1, to 1: most functions cross 0, or are computed of an
 * argument that is rounded.
 */
const tolerances: Readonly<Record<string, number>> = {
  sinh: 1e-5,
  cosh: 1e-5,
  erfcx: 3e-5,
  i0: 1e-5,
  i1: 1e-5,
  zeta: 5e-5,
  polygamma: 2e-5,
  igamma: 5e-5,
  igammac: 5e-5,
  orthogonalPolynomial: 1e-4,
  // Far from 0 the phase is rounded.
  airyAi: 1e-4,
  sinc: 1e-6,
};
const TOLERANCE = 2e-6;

/** Runs a method of both devices. */
async function both(run: (backend: any, device: torch.Device) => torch.Tensor): Promise<[number[], number[]]> {
  const outcome = async (device: torch.Device): Promise<number[]> => {
    const y = run((torch.zeros([1], { device }) as any).storage.backend, device);
    return Array.from((await y.cpu()).toTypedArray() as Float32Array);
  };
  return [await outcome("webgpu"), await outcome("cpu")];
}

function expectClose(name: string, got: readonly number[], want: readonly number[], of: (i: number) => string): void {
  const rtol = tolerances[name] ?? TOLERANCE;
  const bad = want.findIndex((value, i) => {
    const error = Math.abs(got[i]! - value);
    return !(Object.is(got[i], value) || got[i] === value || error <= rtol * Math.max(1, Math.abs(value)));
  });
  expect(bad, `${name}(${of(bad)}): got ${got[bad]}, expected ${want[bad]}`).toBe(-1);
}

const floats = (values: readonly number[], device: torch.Device) =>
  torch.tensor(values, { dtype: "float32" }).to(device);

describe.skipIf(noGpu !== undefined || !runsAll)(`special functions ${onGpu}${allNote}`, () => {
  for (const name of Object.keys(specialUnary))
    it(name, async () => {
      const values = [...(domains[name] ?? line), ...SPECIAL, ...MORE];
      for (const p of name === "polygamma" ? [0, 1, 2, 3] : [0]) {
        const [got, want] = await both((backend, device) => {
          const y = torch.zeros([values.length], { device });
          backend.unary(name, y, floats(values, device), p, 0);
          return y;
        });
        expectClose(name, got, want, (i) => String(values[i]));
      }
    });

  for (const name of Object.keys(specialBinary))
    it(name, async () => {
      const isPolynomial = name === "orthogonalPolynomial";
      // A degree counts the steps of a loop.
      const second = [...SPECIAL, ...MORE].map((b) => (isPolynomial && b >= 50 ? 7 : b));
      const all = [...SPECIAL, ...MORE].flatMap((a) => second.map((b) => [a, b] as const));
      // Of powers that leave float64, too, nothing can be said.
      const isBeyond = (a: number, b: number): boolean =>
        (name === "zeta" && a > 1e9 && b > 1e9) || (isPolynomial && b * Math.log10(Math.abs(a)) > 250);
      const pairs = all.filter(([a, b]) => !isBeyond(a, b) || !Number.isFinite(a));
      for (const p of isPolynomial ? [0, 1, 2, 3, 4, 5, 6, 7, 8, 11] : [0]) {
        const [got, want] = await both((backend, device) => {
          const [a, b] = [0, 1].map((k) =>
            floats(
              pairs.map((pair) => pair[k]!),
              device,
            ),
          );
          const y = torch.zeros([pairs.length], { device });
          backend.binary(name, "float32", y, a, b, p);
          return y;
        });
        const of = (i: number): string => `${pairs[i]?.join(", ")}; ${p}`;
        // A sum of float32 may leave its range before that of float64 does.
        const isEnd = (i: number): boolean => isPolynomial && Math.abs(want[i]!) > 1e15;
        expectClose(
          name,
          got.map((v, i) => (isEnd(i) ? want[i]! : v)),
          want,
          of,
        );
      }
    });
});
