/** What a run of `app/program.js` has to give, in every environment. */
import assert from "node:assert/strict";

const LINEAR = "Linear(in_features=2, out_features=3, bias=True)";

/** Losses of the first environment at each SIMD level: all others must have the same bits. */
const reference = new Map();

function checkLosses({ losses, doctor }) {
  const known = reference.get(doctor.simd) ?? losses;
  reference.set(doctor.simd, known);
  assert.deepEqual(losses, known.slice(0, losses.length), "the losses have other bits");
  for (const others of reference.values())
    losses.forEach((loss, i) => {
      assert.ok(Math.abs(loss - others[i]) < 1e-3, "the losses differ between SIMD levels");
    });
}

/**
 * @param output All that was printed, in workers as well.
 * @param expected `warnings`: how many there have to be, of data sets that workers cannot import; `starts`: how often the program runs.
 */
export function checkResult(result, output, { warnings = 1, starts = 1, threads = true } = {}) {
  assert.equal(result.error, undefined);
  checkLosses(result);
  assert.ok(result.losses.length < 50 || result.losses.at(-1) < result.losses[0] / 2, "it does not learn");
  assert.deepEqual(result.library, [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(result.values.squares, [0, 1, 4, 9, 16, 25]);
  if (result.values.cubes !== undefined) assert.deepEqual(result.values.cubes, [0, 1, 8, 27]);
  assert.equal(result.printed, LINEAR);
  const own = result.warnings.filter((text) => /DataLoader.*(numWorkers: 0|import)/.test(text));
  assert.equal(own.length, threads ? warnings : 0, `warnings: ${result.warnings.join("\n")}`);
  if (threads) assert.ok(result.doctor.sharedMemory, "memory is not shared");
  else assert.ok(result.doctor.hints.length > 0, "nobody says why there is one thread");
  assert.equal(output.filter((text) => text.includes("STARTED")).length, starts, "the program ran more than once");
}

/** The result that a program printed. */
export function resultOf(stdout) {
  const line = stdout.split("\n").find((text) => text.startsWith("RESULT "));
  assert.ok(line, `no result: ${stdout.slice(-2000)}`);
  return JSON.parse(line.slice("RESULT ".length));
}
