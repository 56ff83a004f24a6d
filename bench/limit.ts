/** The machine's limit for arithmetic on vectors of 128 bits: independent chains of multiply-adds in registers. */

const CHAINS = 12;
const FLOPS_PER_ROUND = CHAINS * 4 * 2;

/** AssemblyScript with one export, `run(rounds, factor, term)`; as constants the operands would be built in every round. */
function sourceOf(multiplyAdd: (a: string) => string): string {
  const lines = (text: (i: number) => string) => Array.from({ length: CHAINS }, (_, i) => text(i)).join("\n");
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

/** Compiles the chains for both SIMD levels, to base64. */
export async function compileLimits(): Promise<Record<"baseline" | "relaxed", string>> {
  const { default: asc } = await import("assemblyscript/asc");
  const compile = async (source: string): Promise<string> => {
    const { error, stderr, binary } = await asc.compileString(source, {
      optimizeLevel: 3,
      runtime: "stub",
      enable: ["simd", "relaxed-simd"],
    });
    if (error) throw new Error(`the limit's kernel does not compile: ${stderr}`);
    return Buffer.from(binary!).toString("base64");
  };
  return {
    baseline: await compile(sourceOf((a) => `v128.add<f32>(v128.mul<f32>(${a}, x), y)`)),
    relaxed: await compile(sourceOf((a) => `f32x4.relaxed_madd(${a}, x, y)`)),
  };
}

/** GFLOP/s of the best of several samples. */
export async function measureLimit(base64: string): Promise<number> {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const { instance } = await WebAssembly.instantiate(bytes);
  const kernel = instance.exports.run as (rounds: number, factor: number, term: number) => number;
  // Calls short and many enough for the engine to replace its first, quick translation; samples long enough for the
  // coarse clocks of browsers.
  const [rounds, calls] = [10_000, 100];
  let best = Number.POSITIVE_INFINITY;
  for (let sample = 0; sample < 40; sample++) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    const start = performance.now();
    for (let i = 0; i < calls; i++) kernel(rounds, 0.999, 0.001);
    best = Math.min(best, performance.now() - start);
  }
  return (calls * rounds * FLOPS_PER_ROUND) / best / 1e6;
}
