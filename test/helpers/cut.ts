/** Tests of many cases of a kind run some of them in every run and all of them by `npm run test:all`, so that a change is tested within minutes. */

/** Whether all cases run. */
export const runsAll = process.env.KINDLING_TESTS === "all";

/** Every `share`th case from the first on, or all of them where all are asked for. */
export const cut = <T>(cases: readonly T[], share: number): T[] => cases.filter((_, i) => runsAll || i % share === 0);

/** What to add to the title of tests of which some cases run. */
export const cutNote = runsAll ? "" : " (some cases; npm run test:all has all)";

/** What to add to the title of tests that run only where all are asked for. */
export const allNote = runsAll ? "" : " (skipped: only in npm run test:all)";
