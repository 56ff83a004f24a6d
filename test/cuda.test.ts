/** `torch.cuda` and `Variable`: programs that ask first go on, the others are told what to write. */
import * as torch from "kindling";
import { expect, test } from "vitest";

const untyped = (value: unknown): any => value;

/** The functions and classes of `torch.cuda` in PyTorch 1.13. */
const names = (
  "BFloat16Tensor BoolTensor ByteTensor CUDAGraph CharTensor CudaError Device DoubleTensor Event ExternalStream FloatStorage FloatTensor HalfTensor " +
  "IntTensor LongTensor OutOfMemoryError ShortTensor Stream StreamContext amp caching_allocator_alloc caching_allocator_delete " +
  "can_device_access_peer check_error cudart current_blas_handle current_device current_stream default_generators default_stream device device_of " +
  "empty_cache get_arch_list get_device_capability get_device_name get_device_properties get_gencode_flags get_rng_state get_rng_state_all " +
  "get_sync_debug_mode graph graph_pool_handle graphs has_half has_magma init initial_seed ipc_collect is_bf16_supported " +
  "is_current_stream_capturing is_initialized jiterator list_gpu_processes make_graphed_callables manual_seed manual_seed_all max_memory_allocated " +
  "max_memory_cached max_memory_reserved mem_get_info memory memory_allocated memory_cached memory_reserved memory_snapshot memory_stats " +
  "memory_stats_as_nested_dict memory_summary memory_usage nccl nvtx profiler random reset_accumulated_memory_stats reset_max_memory_allocated " +
  "reset_max_memory_cached reset_peak_memory_stats seed seed_all set_device set_per_process_memory_fraction set_rng_state set_rng_state_all " +
  "set_stream set_sync_debug_mode sparse stream streams synchronize utilization"
).split(" ");

test("there is no CUDA", () => {
  expect([torch.cuda.isAvailable(), torch.cuda.deviceCount()]).toEqual([false, 0]);
  const device = torch.device(torch.cuda.isAvailable() ? untyped("cuda") : "cpu");
  expect(torch.ones(1).to(device).device).toBe("cpu");
});

test("every other name says what to do", () => {
  const camelCase = (name: string) => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  for (const name of [...names, ...names.map(camelCase)]) {
    expect(() => untyped(torch.cuda)[name], name).toThrow(torch.ArgumentError);
    expect(() => untyped(torch.cuda)[name]).toThrow(new RegExp(`^torch\\.cuda\\.${name}: .{20}`));
  }
  expect(() => untyped(torch.cuda).is_available()).toThrow(/did you mean torch\.cuda\.isAvailable\?/);
  expect(() => untyped(torch.cuda).manual_seed_all(0)).toThrow(/torch\.manualSeed\(seed\)/);
  expect(untyped(torch.cuda).noSuchName).toBeUndefined();
  expect(Object.keys(torch.cuda)).toEqual(["isAvailable", "deviceCount"]);
});

test("Variable says that tensors are variables", () => {
  const Variable = untyped(torch.autograd.Variable);
  for (const body of [() => Variable(torch.ones(1)), () => new Variable(torch.ones(1), { volatile: true })]) {
    expect(body).toThrow(torch.AutogradError);
    expect(body).toThrow(/^Variable: .*x\.requiresGrad_\(\)/);
  }
});
