/** What an adapter can do at most: chains of multiplications and additions that touch no memory. */

const CHAINS = 8;
const STEPS = 512;
const WORKGROUP = 64;
/** A multiplication and an addition of each lane of a vector. */
const FLOPS_PER_STEP = 2 * 4;

const chains = (text: (i: number) => string): string => Array.from({ length: CHAINS }, (_, i) => text(i)).join("\n");

const code = `@group(0) @binding(0) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let a = vec4f(0.999) + vec4f(f32(id.x & 1u)) * 1e-6;
  let b = vec4f(1e-3);
  ${chains((i) => `var c${i} = vec4f(f32(id.x) * 1e-6 + ${i}.0);`)}
  for (var k = 0; k < ${STEPS}; k++) {
    ${chains((i) => `c${i} = fma(c${i}, a, b);`)}
  }
  var sum = vec4f();
  ${chains((i) => `sum += c${i};`)}
  y[id.x] = sum;
}`;

/** GFLOP/s of float32, the best of some tries. */
export async function measurePeak(device: GPUDevice, isSoftware: boolean): Promise<number> {
  const groups = isSoftware ? 16 : 16_384;
  const buffer = device.createBuffer({ size: 16 * groups * WORKGROUP, usage: GPUBufferUsage.STORAGE });
  const pipeline = device.createComputePipeline({
    layout: "auto",
    compute: { module: device.createShaderModule({ code }), entryPoint: "main" },
  });
  const group = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [{ binding: 0, resource: { buffer } }],
  });
  const time = async (count: number): Promise<number> => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    for (let i = 0; i < count; i++) pass.dispatchWorkgroups(groups);
    pass.end();
    const start = performance.now();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    return performance.now() - start;
  };
  await time(1);
  // Long enough that starting does not count.
  const count = Math.max(1, Math.ceil(40 / Math.max(0.05, await time(1))));
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 8; round++) best = Math.min(best, (await time(count)) / count);
  buffer.destroy();
  return (groups * WORKGROUP * CHAINS * STEPS * FLOPS_PER_STEP) / best / 1e6;
}
