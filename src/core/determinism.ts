/** Whether ops whose results may differ from run to run are allowed (0), warned of (1) or forbidden (2). */
let level: 0 | 1 | 2 = 0;

/** @see torch.get_deterministic_debug_mode */
export const determinism = (): 0 | 1 | 2 => level;

/** @see torch.set_deterministic_debug_mode */
export function setDeterminism(mode: 0 | 1 | 2): void {
  level = mode;
}
