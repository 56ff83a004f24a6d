/** The machine's limit for arithmetic on vectors of 128 bits: kernels of independent chains of multiply-adds in registers. */
import asc from "assemblyscript/asc";

const CHAINS = 12;

/** Floating-point operations of one round of a kernel. */
export const FLOPS_PER_ROUND = CHAINS * 4 * 2;

/**
 * AssemblyScript with one export, `run(rounds, factor, term)`; as constants the operands would be built in every round.
 * @param {(a: string) => string} multiplyAdd
 */
function sourceOf(multiplyAdd) {
  /** @param {(i: number) => string} text */
  const lines = (text) => Array.from({ length: CHAINS }, (_, i) => text(i)).join("\n");
  return `
    export function run(rounds: i32, factor: f32, term: f32): f32 {
      const x = f32x4.splat(factor), y = f32x4.splat(term);
      ${lines((i) => `let a${i} = f32x4.splat(${i}.5);`)}
      for (let r = 0; r < rounds; r++) {
        ${lines((i) => `a${i} = ${multiplyAdd(`a${i}`)};`)}
      }
      let sum: f32 = 0;
      ${lines((i) => `sum += f32x4.extract_lane(a${i}, 0);`)}
      return sum;
    }`;
}

/** @param {string} source */
async function compile(source) {
  const { error, stderr, binary } = await asc.compileString(source, {
    optimizeLevel: 3,
    runtime: "stub",
    enable: ["simd", "relaxed-simd"],
  });
  if (error) throw new Error(`the limit's kernel does not compile: ${stderr}`);
  return Buffer.from(/** @type {Uint8Array} */ (binary)).toString("base64");
}

/**
 * Compiles the chains for both SIMD levels, to base64.
 * @returns {Promise<Record<"baseline" | "relaxed", string>>}
 */
export async function compileLimits() {
  return {
    baseline: await compile(sourceOf((a) => `v128.add<f32>(v128.mul<f32>(${a}, x), y)`)),
    relaxed: await compile(sourceOf((a) => `f32x4.relaxed_madd(${a}, x, y)`)),
  };
}

/** A plugin of rollup that lets the command line import the kernels as text. */
export function embedLimit() {
  const id = "kindling:limit";
  return {
    name: "embed-limit",
    resolveId: (/** @type {string} */ source) => (source === id ? id : null),
    async load(/** @type {string} */ source) {
      if (source !== id) return null;
      const limits = await compileLimits();
      return `export const flopsPerRound = ${FLOPS_PER_ROUND};\nexport const limits = ${JSON.stringify(limits)};`;
    },
  };
}
