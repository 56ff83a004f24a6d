/**
 * Scopes that overlap, in any runtime: prints each case with what it gave and what is right, as JSON. With the argument "browser", the
 * library finds no AsyncLocalStorage, as in today's browsers.
 */
const isBrowserLike = process.argv[2] === "browser";
if (isBrowserLike) {
  const { getBuiltinModule } = process;
  process.getBuiltinModule = (name) => (name === "node:async_hooks" ? undefined : getBuiltinModule.call(process, name));
}
const torch = await import("../../dist/kindling.js");
const { autograd } = torch;

const w = torch.ones([2], { requiresGrad: true });
const isRecorded = () => w.mul(2).requiresGrad;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const unclear = /no AsyncLocalStorage/;
/** The value, or the error, of which only that it is there and well explained is compared. */
const settled = (promise) =>
  promise.then(
    (value) => value,
    (error) => (unclear.test(error.message) ? "unclear" : String(error)),
  );
const looks = async (scope, ms) =>
  scope(async () => {
    const first = isRecorded();
    await pause(ms);
    const second = isRecorded();
    await null;
    return [first, second, isRecorded()];
  });

const cases = {
  "three at a time": [
    () => Promise.all([3, 9, 6].map((ms) => looks(torch.noGrad, ms))),
    [0, 1, 2].map(() => [false, false, false]),
  ],
  "opposite modes at a time": [
    () => Promise.all([looks(torch.noGrad, 6), looks(torch.enableGrad, 3), looks(torch.noGrad, 2)].map(settled)),
    [
      [false, false, false],
      [true, true, true],
      [false, false, false],
    ],
    [[false, false, false], "unclear", [false, false, false]],
  ],
  "a plain function that returns a promise": [() => torch.noGrad(() => pause(2).then(isRecorded)), false],
  "code that goes on at once outside of the scope": [
    async () => {
      const inside = looks(torch.noGrad, 2);
      const outside = isRecorded();
      return [await inside, outside];
    },
    [[false, false, false], true],
  ],
  "code that awaits outside of the scope": [
    async () => {
      const inside = looks(torch.noGrad, 9);
      await pause(2);
      return [isRecorded(), await inside];
    },
    [true, [false, false, false]],
    // It cannot be told apart from the scope's own.
    [false, [false, false, false]],
  ],
  "a synchronous scope in an async one, and the other way round": [
    () =>
      torch.noGrad(async () => {
        await null;
        const inner = torch.enableGrad(isRecorded);
        const after = isRecorded();
        torch.setGradEnabled(false, () => {});
        await pause(1);
        return [inner, after, isRecorded(), torch.enableGrad(() => torch.noGrad(isRecorded))];
      }),
    [true, false, false, false],
  ],
  "async scopes in async scopes": [
    () =>
      settled(
        torch.noGrad(async () => {
          await pause(1);
          const inner = await looks(torch.enableGrad, 2);
          return [inner, isRecorded()];
        }),
      ),
    [[true, true, true], false],
    "unclear",
  ],
  "what is set in a scope ends with it": [
    async () => {
      const inside = await settled(
        autograd.detectAnomaly(async () => {
          torch.setGradEnabled(false);
          await pause(1);
          return isRecorded();
        }),
      );
      return [inside, isRecorded()];
    },
    [false, true],
  ],
  "what is set after an await ends with the scope": [
    async () => {
      const inside = await settled(
        torch.enableGrad(async () => {
          await pause(1);
          torch.setGradEnabled(false);
          await null;
          return isRecorded();
        }),
      );
      return [inside, isRecorded()];
    },
    [false, true],
    ["unclear", true],
  ],
  "what is set in a synchronous scope of another mode stays": [
    () => {
      autograd.detectAnomaly(() => torch.setGradEnabled(false));
      const after = isRecorded();
      torch.setGradEnabled(true);
      return after;
    },
    false,
  ],
  "an error": [
    async () => {
      const failing = torch.noGrad(async () => {
        await pause(2);
        throw new RangeError("stop");
      });
      return [await settled(failing), isRecorded()];
    },
    ["RangeError: stop", true],
  ],
  "what a scope leaves behind": [
    async () => {
      let later;
      torch.noGrad(() => {
        later = pause(1).then(isRecorded);
      });
      let never;
      await torch.noGrad(async () => {
        never = pause(5).then(isRecorded);
      });
      return [await later, await never];
    },
    [true, true],
  ],
  "a generator": [
    () => {
      const seen = [];
      for (const inside of torch.noGrad(function* () {
        yield isRecorded();
        yield* [isRecorded(), torch.enableGrad(isRecorded)];
      }))
        seen.push(inside, isRecorded());
      const echo = torch.noGrad(function* () {
        try {
          for (;;) seen.push(yield isRecorded());
        } finally {
          seen.push(isRecorded());
        }
      });
      echo.next();
      echo.next("sent");
      seen.push(echo.return(/** @type {never} */ ("end")).value, isRecorded());
      return seen;
    },
    [false, true, false, true, true, true, "sent", false, "end", true],
  ],
  "generators that overlap": [
    () => {
      const look = function* () {
        for (;;) yield isRecorded();
      };
      const list = [torch.noGrad(look), torch.enableGrad(look), torch.noGrad(look)];
      return [0, 1].map(() => list.map((generator) => generator.next().value));
    },
    [
      [false, true, false],
      [false, true, false],
    ],
  ],
  "an async generator": [
    async () => {
      const seen = [];
      for await (const inside of torch.noGrad(async function* () {
        yield isRecorded();
        await pause(1);
        yield isRecorded();
      })) {
        seen.push(inside, isRecorded());
        await pause(1);
        seen.push(isRecorded());
      }
      return seen;
    },
    [false, true, true, false, true, true],
  ],
  "steps of an async generator that are asked for at once": [
    async () => {
      const generator = torch.noGrad(async function* () {
        for (let i = 0; i < 3; i++) {
          yield isRecorded();
          await pause(1);
        }
      });
      const steps = [0, 1, 2].map(() => generator.next());
      return [...(await Promise.all(steps)).map((step) => step.value), isRecorded()];
    },
    [false, false, false, true],
  ],
  "inference mode": [
    async () => {
      const make = () =>
        torch.inferenceMode(async () => {
          await pause(2);
          return torch.ones([1]).isInference();
        });
      return [await Promise.all([make(), make()]), torch.ones([1]).isInference(), torch.isInferenceModeEnabled()];
    },
    [[true, true], false, false],
  ],
  "anomaly mode": [
    async () => {
      const look = () => [autograd.isAnomalyEnabled?.() ?? torch.isAnomalyEnabled(), torch.isAnomalyCheckNanEnabled()];
      const inside = autograd.detectAnomaly(async () => {
        await pause(4);
        return look();
      });
      const without = settled(
        autograd.setDetectAnomaly(
          true,
          async () => {
            await pause(2);
            return look();
          },
          { checkNan: false },
        ),
      );
      return [await inside, await without, look()];
    },
    [
      [true, true],
      [true, false],
      [false, false],
    ],
    [[true, true], "unclear", [false, false]],
  ],
  "hooks on saved tensors": [
    async () => {
      const counts = [0, 0];
      const run = (i, ms) =>
        settled(
          autograd.graph.savedTensorsHooks(
            (x) => {
              counts[i]++;
              return x;
            },
            (x) => x,
            async () => {
              await pause(ms);
              w.exp();
              return "done";
            },
          ),
        );
      const results = await Promise.all([run(0, 4), run(1, 2)]);
      w.exp();
      return [results, counts];
    },
    [
      ["done", "done"],
      [1, 1],
    ],
    // The second is refused, and what it goes on to do in vain is the first's.
    [
      ["done", "unclear"],
      [2, 0],
    ],
  ],
  "forks of the random numbers": [
    async () => {
      const before = torch.getRngState().tolist().join();
      const draw = (ms) =>
        torch.forkRng(async () => {
          torch.rand([ms]);
          await pause(ms);
          torch.rand([ms]);
        });
      await Promise.all([draw(2), draw(5), draw(3)]);
      return torch.getRngState().tolist().join() === before;
    },
    true,
  ],
  afterwards: [() => [isRecorded(), torch.isGradEnabled(), torch.isInferenceModeEnabled()], [true, true, false]],
};

const results = [];
for (const [name, [body, right, rightInBrowsers]] of Object.entries(cases)) {
  let got;
  try {
    got = await /** @type {() => unknown} */ (body)();
  } catch (error) {
    got = `${error}`;
  }
  results.push({ name, got, right: isBrowserLike ? (rightInBrowsers ?? right) : right });
}
console.log(`RESULT ${JSON.stringify(results)}`);
